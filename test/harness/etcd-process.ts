import { type ChildProcess, spawn } from 'node:child_process';

/** One etcd, however it is run: as a process or as a container. */
export interface EtcdRun {
  /** Resolves when it runs; it need not be ready. Again after `kill`. */
  start(): Promise<void>;
  /** Ends it at once, as a crash does. Fine when it does not run. */
  kill(): Promise<void>;
  /** Ends it for good; its data folder stays. */
  remove(): Promise<void>;
  /** What it said last, when it has ended by itself; undefined while it runs. */
  lastWords(): Promise<string | undefined>;
}

const lastWordsMax = 4000;

export function createEtcdProcess(flags: readonly string[]): EtcdRun {
  let child: ChildProcess | undefined;
  let said = '';
  const hasEnded = (one: ChildProcess): boolean => one.exitCode !== null || one.signalCode !== null;
  const kill = async (): Promise<void> => {
    const dying = child;
    child = undefined;
    if (!dying || dying.pid === undefined || hasEnded(dying)) return;
    const ended = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill('SIGKILL');
    await ended;
  };
  return {
    async start() {
      const starting = spawn('etcd', flags, { stdio: ['ignore', 'ignore', 'pipe'] });
      child = starting;
      said = '';
      starting.stderr.on('data', (chunk) => {
        said = `${said}${chunk}`.slice(-lastWordsMax);
      });
      await new Promise<void>((resolve, reject) => {
        starting.once('spawn', resolve);
        starting.once('error', (error) =>
          reject(new Error(`etcd cannot be started: ${error.message}`, { cause: error })),
        );
      });
    },
    kill,
    remove: kill,
    lastWords: async () => (child && hasEnded(child) ? `(${child.exitCode ?? child.signalCode}) ${said}` : undefined),
  };
}
