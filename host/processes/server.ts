import { join } from 'node:path';
import type { HostLayout } from '../layout.ts';
import type { SupervisedProcess } from './supervised.ts';

/** `berth server`, from this checkout and on this Node. */
export function serverProcess(layout: HostLayout): SupervisedProcess {
  return {
    name: 'server',
    runDir: layout.runDir,
    logFile: join(layout.logDir, 'server.log'),
    command: [process.execPath, ...nodeFlags, join(import.meta.dirname, '../../cli/main.ts'), 'server'],
    env: {
      ...(layout.home && { BERTH_HOME: layout.home }),
      NODE_COMPILE_CACHE: join(layout.stateDir, 'compile-cache'),
    },
  };
}

/** A smaller young generation costs a little speed under load and saves tens of megabytes when idle. */
const nodeFlags = ['--max-semi-space-size=8'];
