/** A Docker Engine of the test run's own: own folders, socket, containerd and cgroup; no bridge, no packet filter. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRealClock } from '#base/real/clock.ts';
import { requireCommand } from '#host/packages.ts';
import { waitUntil } from '#host/processes/supervised.ts';
import { engineAnswers } from './client.ts';
import { cgroupOf, folderOf, rememberAbsent, removeDaemonTraces } from './daemon-traces.ts';

export interface Daemon {
  readonly socketPath: string;
  /** Ends it and removes every trace. Its containers have to be gone by then, else they are killed. */
  stop(): Promise<void>;
}

const startMaxMs = 30_000;
const stopMaxMs = 10_000;

/** Throws with what the engine said last when it does not start; nothing is left then. */
export async function startDaemon(owner: string): Promise<Daemon> {
  if (process.getuid?.() !== 0) throw new Error('an engine of our own needs root');
  const dockerd = requireCommand('dockerd');
  const containerd = requireCommand('containerd');
  const clock = createRealClock();
  const folder = folderOf(owner);
  const at = (name: string): string => join(folder, name);
  mkdirSync(folder, { mode: 0o700 });
  rememberAbsent(folder);
  const children: ChildProcess[] = [];
  const start = (command: string, args: readonly string[]): void => {
    const log = openSync(at('log'), 'a');
    // In a group of its own: Ctrl-C in the terminal is for the tests, which then end the engine in its order.
    children.push(spawn(command, args, { cwd: '/', detached: true, stdio: ['ignore', log, log] }));
    closeSync(log);
  };
  const stop = async (): Promise<void> => {
    for (const child of children.reverse()) {
      child.kill('SIGTERM');
      await waitUntil(() => hasEnded(child), clock, stopMaxMs);
    }
    await removeDaemonTraces(owner);
  };

  const containerdSocket = at('containerd.sock');
  writeFileSync(at('containerd.toml'), containerdConfig(folder, containerdSocket));
  writeFileSync(at('daemon.json'), '{}');
  try {
    // Left to itself, dockerd would take the containerd that the machine runs.
    start(containerd, ['--config', at('containerd.toml'), '--log-level', 'warn']);
    start(dockerd, [
      ...['--config-file', at('daemon.json'), '--data-root', at('data'), '--exec-root', at('exec')],
      ...['--host', `unix://${at('docker.sock')}`, '--pidfile', at('docker.pid'), '--containerd', containerdSocket],
      ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
      ...['--exec-opt', 'native.cgroupdriver=cgroupfs', '--cgroup-parent', `/${cgroupOf(owner)}`],
      ...['--log-level', 'warn'],
    ]);
    const up = (): Promise<boolean> => engineAnswers(at('docker.sock'));
    const started = await waitUntil(async () => children.some(hasEnded) || (await up()), clock, startMaxMs);
    if (!started || children.some(hasEnded)) throw new Error(lastWords(at('log')));
  } catch (error) {
    await stop();
    throw error;
  }
  return { socketPath: at('docker.sock'), stop };
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

const lastWords = (log: string): string =>
  `dockerd does not start: ${readFileSync(log, 'utf8').trimEnd().split('\n').at(-1)}`;

const containerdConfig = (folder: string, socket: string): string => `version = 2
root = ${JSON.stringify(join(folder, 'containerd'))}
state = ${JSON.stringify(join(folder, 'containerd-state'))}
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = ${JSON.stringify(socket)}
`;
