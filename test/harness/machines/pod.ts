import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findCommand } from '#host/packages.ts';
import { mustRun, type RunOptions, type RunResult, run } from '../run.ts';
import type { Machine } from './machine.ts';
import { podNamespace } from './names.ts';
import { type Running, startIn } from './running.ts';

/** A network namespace that hangs on its machine's pod network as a pod does, by the plugins that containerd calls; no container. */
export interface PlainPod {
  readonly address: string;
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  mustRun(command: string, args: readonly string[], options?: RunOptions): Promise<string>;
  start(command: string, args: readonly string[]): Running;
  remove(): Promise<void>;
}

/** The machine's network must be up: its CNI configuration is what is used. */
export async function startPlainPod(machine: Machine, name: string): Promise<PlainPod> {
  const namespace = podNamespace(machine.namespace, name);
  const enter = [`--net=/run/netns/${namespace}`, '--'];
  await mustRun('ip', ['netns', 'add', namespace]);
  await mustRun('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
  const address = await callPlugin(machine, namespace, 'ADD');
  return {
    address,
    run: (command, args, options) => run('nsenter', [...enter, command, ...args], options),
    mustRun: (command, args, options) => mustRun('nsenter', [...enter, command, ...args], options),
    start: (command, args) => startIn(namespace, command, args),
    async remove() {
      await callPlugin(machine, namespace, 'DEL');
      await mustRun('ip', ['netns', 'delete', namespace]);
    },
  };
}

/** Returns the address that was given. */
async function callPlugin(machine: Machine, namespace: string, command: 'ADD' | 'DEL'): Promise<string> {
  const list: unknown = JSON.parse(readFileSync(join(machine.layout.cniConfDir, '10-berth.conflist'), 'utf8'));
  const { name, cniVersion, plugins } = isList(list) ? list : fail('the CNI configuration is no list');
  const bridge = findCommand('/usr/lib/cni/bridge') ?? '/opt/cni/bin/bridge';
  const output = await machine.mustRun(bridge, [], {
    input: JSON.stringify({ name, cniVersion, ...plugins[0] }),
    env: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: namespace,
      CNI_NETNS: `/run/netns/${namespace}`,
      CNI_IFNAME: 'eth0',
      CNI_PATH: dirname(bridge),
    },
  });
  return /"address": "([\d.]+)\//.exec(output)?.[1] ?? '';
}

interface ConfigList {
  readonly name: string;
  readonly cniVersion: string;
  readonly plugins: readonly object[];
}

const isList = (value: unknown): value is ConfigList =>
  typeof value === 'object' && value !== null && Array.isArray(Reflect.get(value, 'plugins'));

function fail(message: string): never {
  throw new Error(message);
}
