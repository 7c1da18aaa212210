import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type RunCommand, runCommand } from '#node-agent/network/commands.ts';
import { isOwnerAlive, ownerOf } from '../engine/owner.ts';
import { removeNamespace } from '../machines/remove.ts';
import { mustRun, run } from '../run.ts';

/** A node, pods on it and beside it, and a client outside, as network namespaces: to see what rules do to packets. */
export interface PacketBed {
  /** Runs a command on the node. */
  readonly onNode: RunCommand;
  readonly nodeNamespace: string;
  /** Asks from there; one line for each answer: `<who> <seen address>` or the code of an error. */
  ask(
    from: Place,
    protocol: 'tcp' | 'udp',
    address: string,
    port: number,
    count?: number,
    localPort?: number,
  ): Promise<string[]>;
  /** As ask, each answer once, sorted. */
  askAll(from: Place, protocol: 'tcp' | 'udp', address: string, port: number, count?: number): Promise<string[]>;
  /** Sends without end from there; see stream.ts. */
  serveStream(at: Place, port: number): Promise<void>;
  /** Bytes or connections per second; see stream.ts. */
  measure(from: Place, what: 'read' | 'connect', address: string, port: number, seconds: number): Promise<number>;
  close(): Promise<void>;
}

/** `far` is a pod on another node. */
export type Place = 'node' | 'a' | 'b' | 'c' | 'far' | 'outside';

export const addresses = {
  gateway: '10.42.3.1',
  a: '10.42.3.2',
  b: '10.42.3.3',
  c: '10.42.3.4',
  far: '10.42.4.2',
  node: '198.51.100.1',
  /** A second address of the node. */
  second: '203.0.113.1',
  outside: '203.0.113.2',
} as const;
export const bedNetwork = {
  bridge: 'berth0',
  podCidr: '10.42.3.0/24',
  clusterCidr: '10.42.0.0/16',
  serviceCidr: '10.43.0.0/16',
} as const;
/** Pods a, b and far answer here. */
export const answerPort = 8080;

const folder = import.meta.dirname;
const prefix = 'berth-sr-';

/** Removes the beds of runs that were killed; those of living ones are left alone. */
async function sweepAbandonedBeds(): Promise<void> {
  if (!existsSync('/run/netns')) return;
  for (const name of readdirSync('/run/netns').filter((one) => one.startsWith(prefix))) {
    const owner = name.slice(prefix.length).split('-').slice(0, 3).join('-');
    if (!isOwnerAlive(owner)) await removeNamespace(name);
  }
}

export async function startPacketBed(): Promise<PacketBed> {
  await sweepAbandonedBeds();
  const id = `${prefix}${ownerOf()}-${randomBytes(3).toString('hex')}`;
  const nameOf = (place: Place): string => `${id}-${place}`;
  const node = nameOf('node');
  const children: ChildProcess[] = [];
  const places: readonly Place[] = ['node', 'a', 'b', 'c', 'far', 'outside'];
  const within = (place: Place, command: string, args: readonly string[]): readonly string[] => [
    `--net=/run/netns/${nameOf(place)}`,
    '--',
    command,
    ...args,
  ];
  const ip = (place: Place, ...args: string[]): Promise<string> => mustRun('ip', ['-n', nameOf(place), ...args]);

  const close = async (): Promise<void> => {
    const ended = children.map((child) => new Promise((resolve) => child.once('close', resolve)));
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(ended);
    for (const place of places) await run('ip', ['netns', 'delete', nameOf(place)]);
  };

  /** A cable from the place to the node. */
  const plug = async (place: Place, port: string, address: string): Promise<void> => {
    await ip(place, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', port, 'netns', node);
    await ip(place, 'address', 'add', address, 'dev', 'eth0');
    await ip(place, 'link', 'set', 'eth0', 'up');
    await ip('node', 'link', 'set', port, 'up');
  };

  /** Resolves when the program says that it is up. */
  const keep = async (place: Place, script: string, ...args: string[]): Promise<void> => {
    const command = within(place, process.execPath, [join(folder, script), ...args]);
    const child = spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    await new Promise((resolve) => child.stdout.once('data', resolve));
  };
  const answer = (place: Place): Promise<void> => keep(place, 'answer.ts', place, String(answerPort));

  const setUp = async (): Promise<void> => {
    for (const place of places) {
      await mustRun('ip', ['netns', 'add', nameOf(place)]);
      await ip(place, 'link', 'set', 'lo', 'up');
    }
    await ip('node', 'link', 'add', bedNetwork.bridge, 'type', 'bridge');
    await ip('node', 'address', 'add', `${addresses.gateway}/24`, 'dev', bedNetwork.bridge);
    await ip('node', 'link', 'set', bedNetwork.bridge, 'up');
    for (const pod of ['a', 'b', 'c'] as const) {
      await plug(pod, `pod-${pod}`, `${addresses[pod]}/24`);
      await ip('node', 'link', 'set', `pod-${pod}`, 'master', bedNetwork.bridge);
      await ip('node', 'link', 'set', `pod-${pod}`, 'type', 'bridge_slave', 'hairpin', 'on');
      await ip(pod, 'route', 'add', 'default', 'via', addresses.gateway);
    }
    await plug('far', 'uplink', '198.51.100.2/24');
    await ip('node', 'address', 'add', `${addresses.node}/24`, 'dev', 'uplink');
    await ip('node', 'route', 'add', '10.42.4.0/24', 'via', '198.51.100.2');
    await ip('far', 'address', 'add', `${addresses.far}/32`, 'dev', 'lo');
    // It can answer to the node's pods only: whoever else it sees was not translated.
    await ip('far', 'route', 'add', bedNetwork.podCidr, 'via', addresses.node, 'src', addresses.far);
    await plug('outside', 'world', `${addresses.outside}/24`);
    await ip('node', 'address', 'add', `${addresses.second}/24`, 'dev', 'world');
    await ip('outside', 'route', 'add', 'default', 'via', addresses.second);
    const bridge = `conf.${bedNetwork.bridge}`;
    // As the agent and `berth up` set them.
    const settings = [
      'ip_forward=1',
      `${bridge}.route_localnet=1`,
      `${bridge}.send_redirects=0`,
      'conf.all.send_redirects=0',
    ];
    for (const setting of settings) {
      await mustRun('nsenter', [...within('node', 'sysctl', ['-qw', `net.ipv4.${setting}`])]);
    }
    await Promise.all((['a', 'b', 'far'] as const).map(answer));
  };

  const bed: PacketBed = {
    nodeNamespace: node,
    onNode: (command, args, input) => runCommand('nsenter', within('node', command, args), input),
    async ask(from, protocol, address, port, count = 1, localPort) {
      const args = [join(folder, 'ask.ts'), protocol, address, String(port), String(count)];
      if (localPort !== undefined) args.push(String(localPort));
      return (await mustRun('nsenter', [...within(from, process.execPath, args)])).trim().split('\n');
    },
    async askAll(from, protocol, address, port, count = 12) {
      return [...new Set(await bed.ask(from, protocol, address, port, count))].sort();
    },
    serveStream: (at, port) => keep(at, 'stream.ts', 'serve', String(port)),
    async measure(from, what, address, port, seconds) {
      const args = [join(folder, 'stream.ts'), what, address, String(port), String(seconds)];
      return Number(await mustRun('nsenter', [...within(from, process.execPath, args)]));
    },
    close,
  };
  try {
    await setUp();
  } catch (error) {
    await close();
    throw error;
  }
  return bed;
}
