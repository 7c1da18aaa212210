/** What a hollow container does once started, read from the pod's annotations or from its command line. */
import type { ContainerConfig, SandboxConfig } from '../runtime.ts';

export interface Program {
  /** Infinity runs until it is stopped. */
  readonly runMs: number;
  readonly exitCode: number;
  /** `OOMKilled` in place of the exit code's own reason. */
  readonly reason: string | undefined;
  /** Probes fail until this long after the start. */
  readonly readyAfterMs: number;
  /** SIGTERM is ignored, so that a stop takes its whole grace period. */
  readonly ignoresTerm: boolean;
}

/**
 * Annotation of a pod: `hollow.berth.dev/program` for all of its containers, `hollow.berth.dev/program.<container>`
 * for one. Value: words `run=<seconds>`, `exit=<code>[,<code>…]` (one per attempt, the last one stays; `oom` is a
 * code), `ready-after=<seconds>`, `ignore-term`. Without `run` the program exits at once when `exit` is given.
 */
export const programAnnotation = 'hollow.berth.dev/program';

const forever: Program = {
  runMs: Number.POSITIVE_INFINITY,
  exitCode: 0,
  reason: undefined,
  readyAfterMs: 0,
  ignoresTerm: false,
};

export function readProgram(config: ContainerConfig, sandbox: SandboxConfig): Program {
  const annotations = { ...sandbox.annotations, ...config.annotations };
  const words = annotations[`${programAnnotation}.${config.name}`] ?? annotations[programAnnotation];
  return words === undefined ? parseCommand([...config.command, ...config.args]) : parseWords(words, config.attempt);
}

export function parseWords(text: string, attempt: number): Program {
  const words = new Map(
    text
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => {
        const [key = '', value = ''] = word.split('=', 2);
        return [key, value] as const;
      }),
  );
  for (const key of words.keys()) {
    if (!knownWords.has(key)) throw new Error(`hollow program: unknown word "${key}"`);
  }
  const codes = words.get('exit')?.split(',') ?? [];
  const code = codes[Math.min(attempt, codes.length - 1)];
  const run = words.get('run');
  return {
    runMs: run === undefined ? (code === undefined ? Number.POSITIVE_INFINITY : 0) : seconds(run),
    exitCode: code === 'oom' ? 137 : Number(code ?? 0),
    reason: code === 'oom' ? 'OOMKilled' : undefined,
    readyAfterMs: seconds(words.get('ready-after') ?? '0'),
    ignoresTerm: words.has('ignore-term'),
  };
}

const knownWords: ReadonlySet<string> = new Set(['run', 'exit', 'ready-after', 'ignore-term']);

function seconds(text: string): number {
  if (text === 'forever') return Number.POSITIVE_INFINITY;
  const value = Number(text);
  if (!(value >= 0)) throw new Error(`hollow program: "${text}" is not a number of seconds`);
  return value * 1000;
}

/** Understands what examples and tests use (`sleep`, `exit`, `true`, `false`, `echo`, alone or in `sh -c`); all else runs for ever. */
export function parseCommand(command: readonly string[]): Program {
  const script = /^(\/bin\/)?(ba|da)?sh$/.test(command[0] ?? '') && command[1] === '-c' ? command[2] : undefined;
  const lines = script === undefined ? [command.join(' ')] : script.split(/;|&&|\n/);
  let runMs = 0;
  for (const line of lines) {
    const [verb = '', operand = ''] = line.trim().split(/\s+/);
    if (verb === 'sleep' && operand === 'infinity') return forever;
    if (verb === 'sleep' && /^\d+(\.\d+)?$/.test(operand)) runMs += Number(operand) * 1000;
    else if (verb === 'exit') return { ...forever, runMs, exitCode: Number(operand) || 0 };
    else if (verb === 'false') return { ...forever, runMs, exitCode: 1 };
    else if (verb !== 'echo' && verb !== 'true') return forever;
  }
  return { ...forever, runMs };
}
