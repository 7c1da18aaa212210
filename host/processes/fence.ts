import { join } from 'node:path';
import type { HostLayout } from '../layout.ts';
import type { BackgroundProcess } from './keeper.ts';

/** Where the agent notes until when it is in contact, and the watchdog reads it. Below the run folder, which is on tmpfs. */
export const fenceFolder = (layout: Pick<HostLayout, 'runDir'>): string => join(layout.runDir, 'fence');

/** Kills what must not run twice when this machine has lost contact, also when its agent hangs (docs/decisions/0016). */
export const fenceProcess = (layout: HostLayout): BackgroundProcess => ({
  name: 'fence',
  purpose: 'stops what must not run twice when the agent cannot',
  runDir: layout.runDir,
  logFile: join(layout.logDir, 'fence.log'),
  command: ['/bin/sh', join(import.meta.dirname, '../../node-agent/fence/watchdog.sh'), fenceFolder(layout)],
});
