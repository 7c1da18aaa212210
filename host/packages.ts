import { type SpawnOptions, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HostError } from './errors.ts';
import { distribution } from './machine.ts';
import type { HostSettings } from './settings.ts';

export interface NeededPackage {
  readonly name: string;
  /** Any one of these files or commands shows that it is there, however it came to the machine. */
  readonly provides: readonly string[];
  readonly why: string;
  /** Units that the package would start at the next boot. They are not ours, and nobody asked for them. */
  readonly units?: readonly string[];
  /** Machines of the other role do without it. */
  readonly onlyOn?: HostSettings['role'];
}

/** Debian's and Ubuntu's names. */
export const neededPackages: readonly NeededPackage[] = [
  {
    name: 'etcd-server',
    provides: ['etcd'],
    why: 'keeps the cluster state',
    units: ['etcd.service'],
    onlyOn: 'server',
  },
  { name: 'containerd', provides: ['containerd'], why: 'runs the containers', units: ['containerd.service'] },
  { name: 'runc', provides: ['runc'], why: 'starts each container' },
  {
    name: 'containernetworking-plugins',
    provides: ['/usr/lib/cni/bridge', '/opt/cni/bin/bridge'],
    why: 'gives pods their interfaces and addresses',
  },
  { name: 'nftables', provides: ['nft'], why: 'routes pod traffic and host ports' },
  { name: 'iproute2', provides: ['ip'], why: 'sets up network interfaces' },
  { name: 'conntrack', provides: ['conntrack'], why: 'forgets connections of endpoints that are gone' },
  {
    name: 'busybox-static',
    provides: ['/bin/busybox', '/usr/bin/busybox'],
    why: "is the base of the examples' images",
  },
];

const searchPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The full path of a command, looked up where daemons are installed, whatever PATH says. */
export function findCommand(name: string): string | undefined {
  if (name.startsWith('/')) return isExecutable(name) ? name : undefined;
  return searchPath.map((folder) => join(folder, name)).find(isExecutable);
}

/** As findCommand; throws a HostError that names the package. */
export function requireCommand(name: string): string {
  const found = findCommand(name);
  if (found) return found;
  const from = neededPackages.find((one) => one.provides.includes(name))?.name ?? name;
  throw new HostError(`the command ${name} is missing`, `Install it: apt-get install ${from}`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Of those that a machine of this role needs. */
export const missingPackages = (role: HostSettings['role']): NeededPackage[] =>
  neededPackages
    .filter((one) => one.onlyOn === undefined || one.onlyOn === role)
    .filter((one) => !one.provides.some((file) => findCommand(file)));

/**
 * Installs with apt-get, without letting the packages start services of their own: an etcd on its default port is not
 * ours to start. Progress and errors go to `logFile`. Throws a HostError that carries apt's last words.
 */
export async function installPackages(packages: readonly NeededPackage[], logFile: string): Promise<void> {
  if (packages.length === 0) return;
  if (!findCommand('apt-get')) {
    throw new HostError(
      `this is ${distribution()?.name ?? 'an unknown system'}, which has no apt-get; missing: ${names(packages)}`,
      'Berth installs by itself on Debian 12 and 13 and Ubuntu 24.04. Elsewhere, install these programs yourself and run it again.',
    );
  }
  const restorePolicy = forbidServiceStarts();
  try {
    const apt = (...args: string[]) => runLogged('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], logFile);
    await apt('update', '-q');
    await apt('install', '-y', '-q', '--no-install-recommends', ...packages.map((one) => one.name));
    const units = packages.flatMap((one) => one.units ?? []);
    if (units.length > 0 && existsSync('/run/systemd/system')) {
      await runLogged('systemctl', ['disable', '--quiet', '--now', ...units], logFile);
    }
  } finally {
    restorePolicy();
  }
}

const names = (packages: readonly NeededPackage[]): string => packages.map((one) => one.name).join(', ');

const policyFile = '/usr/sbin/policy-rc.d';

/** Debian's own switch: while this file exits 101, installing a package starts no service. Returns the way back. */
function forbidServiceStarts(): () => void {
  if (existsSync(policyFile)) return () => {};
  writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return () => rmSync(policyFile, { force: true });
}

async function runLogged(command: string, args: readonly string[], logFile: string): Promise<void> {
  const log = openSync(logFile, 'a');
  const options: SpawnOptions = {
    stdio: ['ignore', log, log],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      spawn(command, args, options).on('error', reject).on('close', resolve);
    });
    if (code === 0) return;
  } finally {
    closeSync(log);
  }
  const lastLines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
  throw new HostError(`${command} ${args.join(' ')} failed:\n${lastLines}`, `The whole output is in ${logFile}`);
}
