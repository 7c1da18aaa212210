import { join } from 'node:path';
import type { HostLayout } from '../layout.ts';
import type { SupervisedProcess } from './supervised.ts';

/** `berth server`, from this checkout and on this Node. */
export function serverProcess(layout: HostLayout): SupervisedProcess {
  return {
    name: 'server',
    runDir: layout.runDir,
    logFile: join(layout.logDir, 'server.log'),
    command: [process.execPath, ...serverNodeFlags, join(import.meta.dirname, '../../cli/main.ts'), 'server'],
    env: { ...(layout.home && { BERTH_HOME: layout.home }), MALLOC_ARENA_MAX: '2' },
  };
}

/**
 * A smaller young generation, and with MALLOC_ARENA_MAX fewer heaps of the C library, cost a little speed under load and
 * save tens of megabytes when idle (docs/decisions/0007).
 */
export const serverNodeFlags: readonly string[] = ['--max-semi-space-size=4'];
