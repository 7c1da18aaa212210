import { existsSync, readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';

/** The name this machine registers as: its host name in the form that node names must have. */
export function machineName(): string {
  const name = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
  return name || 'node';
}

/**
 * The address others reach this machine at: of the interface with the default route, else the first that is not
 * loopback or a container bridge, else loopback (a machine without any network still runs its own cluster).
 */
export const machineAddress = (): string => machineAddresses()[0] ?? '127.0.0.1';

/** All IPv4 addresses but those of loopback and of containers' networks, the one of the default route first. */
export function machineAddresses(): string[] {
  const routed = defaultRouteInterface();
  return Object.entries(networkInterfaces())
    .filter(([name]) => !/^(lo|berth|docker|br-|cni|veth|virbr)/.test(name))
    .sort(([a], [b]) => Number(b === routed) - Number(a === routed))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}

function defaultRouteInterface(): string | undefined {
  if (!existsSync('/proc/net/route')) return undefined;
  for (const line of readFileSync('/proc/net/route', 'utf8').split('\n').slice(1)) {
    const [name, destination] = line.split('\t');
    if (destination === '00000000') return name;
  }
  return undefined;
}

export type CgroupVersion = 'v1' | 'v2';

/** Which hierarchy carries the controllers. A hybrid machine (v1 with an empty v2 beside it) counts as v1. */
export function cgroupVersion(): CgroupVersion | undefined {
  if (existsSync('/sys/fs/cgroup/cgroup.controllers')) return 'v2';
  return existsSync('/sys/fs/cgroup/memory') && existsSync('/sys/fs/cgroup/cpu') ? 'v1' : undefined;
}

/** CAP_SYS_RESOURCE is what lowering an oom score takes; some containers and VMs run without it. */
export function hasSysResource(): boolean {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return line?.[1] !== undefined && (BigInt(`0x${line[1]}`) >> 24n) % 2n === 1n;
}

export interface Distribution {
  readonly id: string;
  readonly like: readonly string[];
  readonly name: string;
}

export function distribution(file = '/etc/os-release'): Distribution | undefined {
  if (!existsSync(file)) return undefined;
  const entries = new Map(
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => /^([A-Z_]+)="?([^"]*)"?$/.exec(line))
      .filter((match) => match !== null)
      .map((match) => [match[1] ?? '', match[2] ?? '']),
  );
  return {
    id: entries.get('ID') ?? '',
    like: (entries.get('ID_LIKE') ?? '').split(' ').filter(Boolean),
    name: entries.get('PRETTY_NAME') ?? entries.get('ID') ?? 'unknown',
  };
}

/** What tells machines apart, beside their names. Empty where the machine does not say. */
export interface MachineIds {
  /** Of the installed system; the same on copies of a disk. */
  readonly machineId: string;
  /** Of the kernel since its start: the same only within one machine. */
  readonly bootId: string;
}

export function machineIds(root = '/'): MachineIds {
  const read = (file: string): string => {
    try {
      return readFileSync(join(root, file), 'utf8').trim();
    } catch {
      return '';
    }
  };
  return {
    machineId: read('etc/machine-id') || read('var/lib/dbus/machine-id'),
    bootId: read('proc/sys/kernel/random/boot_id'),
  };
}
