import type { Command } from 'commander';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';

/** What a command may touch of the process it runs in; tests hand in their own. */
export interface CliContext {
  readonly stdin: NodeJS.ReadableStream & { isTTY?: boolean; setRawMode?(on: boolean): unknown };
  /** Emits `resize` when it is a terminal whose size changes. */
  readonly stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number; rows?: number };
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborts at the first Ctrl-C or SIGTERM; the second ends the process. */
  readonly signal: AbortSignal;
}

/** One file under commands/ exports one of these as `command`. */
export interface CommandModule {
  /** Adds the command, its options, help and examples to the program. The action throws a CliError or any error. */
  register(program: Command, context: CliContext): void;
}

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly group: 'cluster' | 'objects' | 'workloads' | 'containers' | 'other';
  /** Loads the command's code only when it is the one that runs: the others cost nothing at start. */
  load(): Promise<{ readonly command: CommandModule }>;
}

/** Ends the command with this exit code after the message (and, where there is one, the fix) is printed to stderr. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;
  readonly fix: string | undefined;

  constructor(message: string, options: { exitCode?: number; fix?: string | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
    this.fix = options.fix;
  }
}
