import { pino } from 'pino';
import type { Log } from '../log.ts';

export interface LogOptions {
  /** pino's level name. */
  readonly level: string;
  /** Where lines go: a file descriptor (1 is standard output) or a path. */
  readonly destination?: number | string;
}

/** JSON lines, one event each, with ISO times. */
export function createRealLog(options: LogOptions): Log {
  return pino(
    { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: options.destination ?? 1, sync: true }),
  );
}
