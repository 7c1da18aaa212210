import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostLayout } from '#host/layout.ts';
import { findCommand } from '#host/packages.ts';
import { mustRun, type RunOptions, type RunResult, run } from '../run.ts';
import { startForward } from './forward.ts';
import { removeMachine } from './remove.ts';
import { type Running, startIn } from './running.ts';
import type { Place, Wire } from './wire.ts';

/** A machine as far as the network goes: a network namespace. Disks, processes and cgroups are shared, sysfs shows the outer network. */
export interface Machine {
  /** `m1`, `m2` …; also its name in the cluster where berth is started by `berth up --node-name`. */
  readonly name: string;
  readonly namespace: string;
  /** Of its eth0. */
  readonly address: string;
  /** BERTH_HOME, and what follows from it. */
  readonly home: string;
  readonly layout: HostLayout;
  /** A program on this machine, to its end. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** As run; throws when it fails. */
  mustRun(command: string, args: readonly string[], options?: RunOptions): Promise<string>;
  /** Ends with the machine at the latest. */
  start(command: string, args: readonly string[], options?: { readonly env?: NodeJS.ProcessEnv }): Running;
  /** bin/berth with this machine's BERTH_HOME. */
  berth(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** kubectl on this machine, as the admin of the cluster: with the kubeconfig of the machine that has one, by its address. */
  kubectl(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** kubectl that must succeed; returns what it printed. */
  k(...args: string[]): Promise<string>;
  /** A port on 127.0.0.1 of the test's own process that leads to this port on the machine's 127.0.0.1. Ends with the machine. */
  forward(port: number): Promise<number>;
  /** Another address on its eth0, on the same link; the old one goes. */
  setAddress(address: string): Promise<void>;
  /** Everything that runs on it ends at once, and what its kernel knew is gone; files outside of run/ stay. */
  powerOff(): Promise<void>;
  powerOn(): Promise<void>;
}

export interface MachineOptions {
  readonly name: string;
  readonly layout: HostLayout;
  readonly home: string;
  readonly place: Place;
  readonly wire: Wire;
  readonly mtu: number;
  /** Where the admin's kubeconfig is, and how the server is reached. */
  readonly admin: () => { readonly kubeconfig: string; readonly address: string };
}

const root = join(import.meta.dirname, '../../..');

export async function createMachine(options: MachineOptions): Promise<Machine> {
  const { name, layout, home, wire, mtu } = options;
  const { namespace } = options.place;
  let place = options.place;
  const enter = (command: string, args: readonly string[]): [string, ...string[]] => [
    `--net=/run/netns/${namespace}`,
    '--',
    command,
    ...args,
  ];
  const stops: (() => Promise<void>)[] = [];

  const boot = async (): Promise<void> => {
    await mustRun('ip', ['netns', 'add', namespace]);
    await mustRun('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
    await wire.plug(place, mtu);
  };
  const env = { BERTH_HOME: home, KUBECONFIG: undefined };
  const kubectlCommand = findCommand('kubectl') ?? join(root, '.cache/kubectl-debian/usr/bin/kubectl');
  const adminEnv = (): { KUBECONFIG: string } => {
    const admin = options.admin();
    if (!existsSync(admin.kubeconfig)) throw new Error(`there is no cluster yet: ${admin.kubeconfig} is missing`);
    const file = join(home, 'test.kubeconfig');
    const text = readFileSync(admin.kubeconfig, 'utf8').replace('https://127.0.0.1:', `https://${admin.address}:`);
    writeFileSync(file, text, { mode: 0o600 });
    return { KUBECONFIG: file };
  };

  mkdirSync(home, { recursive: true });
  await boot();
  const machine: Machine = {
    name,
    namespace,
    get address() {
      return place.address;
    },
    home,
    layout,
    run: (command, args, more) => run('nsenter', enter(command, args), more),
    mustRun: (command, args, more) => mustRun('nsenter', enter(command, args), more),
    start(command, args, more) {
      const running = startIn(namespace, command, args, more);
      stops.push(running.stop);
      return running;
    },
    berth: (args, more) => machine.run(join(root, 'bin/berth'), args, { ...more, env: { ...env, ...more?.env } }),
    kubectl: (args, more) => machine.run(kubectlCommand, args, { ...more, env: { ...adminEnv(), ...more?.env } }),
    k: (...args) => machine.mustRun(kubectlCommand, args, { env: adminEnv() }),
    async forward(port) {
      const forward = await startForward(namespace, home, port);
      stops.push(forward.stop);
      return forward.port;
    },
    async setAddress(address) {
      const old = place.address;
      place = { ...place, address };
      const own = (...args: string[]): Promise<string> => mustRun('ip', ['-n', namespace, ...args]);
      const gateway = (await own('route', 'show', 'default')).split(' ')[2] ?? '';
      await own('address', 'delete', `${old}/24`, 'dev', 'eth0');
      await own('address', 'add', `${address}/24`, 'dev', 'eth0');
      await own('route', 'replace', 'default', 'via', gateway);
    },
    async powerOff() {
      await removeMachine(namespace, layout);
      await Promise.all(stops.splice(0).map((stop) => stop()));
      await wire.unplugged(place);
    },
    powerOn: boot,
  };
  return machine;
}
