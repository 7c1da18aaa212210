import { spawn } from 'node:child_process';

/** A process that runs in a network namespace until it is stopped. */
export interface Running {
  readonly pid: number;
  /** Standard output and error so far. */
  output(): string;
  /** To its standard input. */
  write(text: string): void;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after 5 s. */
  stop(): Promise<void>;
  readonly ended: Promise<void>;
}

export function startIn(
  namespace: string,
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv } = {},
): Running {
  const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, '--', command, ...args], {
    stdio: 'pipe',
    env: { ...process.env, ...options.env },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let output = '';
  child.once('error', (error) => {
    output += `${error}`;
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  child.stdin.on('error', () => {}); // It may end without reading its input.
  return {
    pid: child.pid ?? 0,
    output: () => output,
    write: (text) => void child.stdin.write(text),
    signal: (signal) => void child.kill(signal),
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(timer);
    },
    ended,
  };
}
