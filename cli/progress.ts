import type { CliContext } from './command.ts';

/** Aligned lines of what a long command does. On a terminal a line in progress is shown and then replaced. */
export interface Progress {
  /** Says what is under way; replaced by the next `done` or `doing` on a terminal, unseen elsewhere. */
  doing(what: string, detail: string): void;
  done(what: string, detail: string): void;
  line(text: string): void;
}

export function createProgress(context: CliContext, width: number): Progress {
  const terminal = context.stdout.isTTY === true;
  let pending = false;
  const clear = (): void => {
    if (pending) context.stdout.write('\r\u001b[K');
    pending = false;
  };
  return {
    doing(what, detail) {
      if (!terminal) return;
      clear();
      context.stdout.write(`  ${what.padEnd(width)}${detail} ...`);
      pending = true;
    },
    done(what, detail) {
      clear();
      context.stdout.write(`  ${what.padEnd(width)}${detail}\n`);
    },
    line(text) {
      clear();
      context.stdout.write(`${text}\n`);
    },
  };
}
