import { spawnSync } from 'node:child_process';
import type { TerminalSize } from '#client/streams/exec.ts';
import type { CliContext } from '../command.ts';

/**
 * Hands every key to the other side as it is pressed, Ctrl-C among them, while `work` runs. The terminal is as before
 * afterwards, whatever happens; also when the process ends in the middle of it.
 */
export async function withRawTerminal<T>({ stdin }: Pick<CliContext, 'stdin'>, work: () => Promise<T>): Promise<T> {
  const restore = (): void => void stdin.setRawMode?.(false);
  process.once('exit', restore);
  stdin.setRawMode?.(true);
  leaveOutputAlone(stdin);
  try {
    return await work();
  } finally {
    process.off('exit', restore);
    restore();
  }
}

/**
 * Node's raw mode still turns each line feed into a carriage return and a line feed, which full-screen programs over there
 * have done themselves or do not want. `setRawMode(false)` takes this back too. Where there is no stty it stays as it is.
 */
function leaveOutputAlone(stdin: CliContext['stdin']): void {
  if (stdin === process.stdin) spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
}

/** The size now, and again whenever the window changes; the last one wins when several come at once. */
export function terminalSizes({ stdout }: Pick<CliContext, 'stdout'>): AsyncIterable<TerminalSize> {
  return {
    [Symbol.asyncIterator]() {
      let changed = true;
      let left = false;
      let wake = (): void => {};
      const onResize = (): void => {
        changed = true;
        wake();
      };
      stdout.on('resize', onResize);
      return {
        async next() {
          while (!changed && !left) {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
          if (left) return { done: true, value: undefined };
          changed = false;
          return { done: false, value: { columns: stdout.columns || 80, rows: stdout.rows || 24 } };
        },
        async return() {
          left = true;
          stdout.off('resize', onResize);
          wake();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
