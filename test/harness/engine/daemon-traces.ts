/** What an engine of our own leaves when it, or the run that it belonged to, was killed; and the way to be rid of it. */
import { existsSync, lstatSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createRealClock } from '#base/real/clock.ts';
import { commandLine, isAlive } from '#host/processes/pid.ts';
import { signalProcess, waitUntil } from '#host/processes/supervised.ts';
import { removeCgroup } from '#host/removal/cgroups.ts';
import { unmountAll } from '#host/removal/mounts.ts';
import { isOwnerAlive, ownerPattern } from './owner.ts';

const prefix = 'berth-engine-';
/** Not TMPDIR: it may be long, and the path of a socket has room for 104 characters. */
const parent = '/tmp';
export const folderOf = (owner: string): string => join(parent, `${prefix}${owner}`);
export const cgroupOf = (owner: string): string => `berth-test-${owner}`;

/** Made by dockerd and the shims whatever folders they are given. The inner ones first. */
const fixedPaths = [
  '/etc/docker/key.json',
  '/etc/docker',
  '/run/docker/plugins',
  '/run/docker',
  '/run/containerd/s',
  '/run/containerd',
];
const absentFile = 'absent-before';

export function rememberAbsent(folder: string): void {
  writeFileSync(join(folder, absentFile), fixedPaths.filter((path) => !existsSync(path)).join('\n'));
}

/** Kills what is left of that run's engine and removes its mounts, cgroups and files. Fine when there is none. */
export async function removeDaemonTraces(owner: string): Promise<void> {
  const clock = createRealClock();
  const folder = folderOf(owner);
  await killProgramsOf(folder);
  const cgroups = await removeCgroup(cgroupOf(owner), clock);
  const shimSockets = shimSocketsOf(folder);
  const mounts = unmountAll([folder]);
  if (cgroups.length + mounts.length > 0) {
    throw new Error(`something still holds ${[...cgroups, ...mounts].join(', ')}`);
  }
  for (const socket of shimSockets) rmSync(socket, { force: true });
  for (const path of readLines(join(folder, absentFile))) removeEmpty(path);
  rmSync(folder, { recursive: true, force: true });
}

/** After a killed run or a power cut: removes the engines of runs that are no more. */
export async function sweepDaemons(): Promise<void> {
  for (const name of readdirSync(parent).filter((each) => each.startsWith(prefix))) {
    const owner = name.slice(prefix.length);
    const isOurs = lstatSync(join(parent, name), { throwIfNoEntry: false })?.uid === process.getuid?.();
    if (isOurs && ownerPattern.test(owner) && !isOwnerAlive(owner)) await removeDaemonTraces(owner);
  }
}

const programs = /^(dockerd|containerd|containerd-shim.*|etcd)$/;

/** Those of the engine's programs that were given a path below the folder. */
export async function killProgramsOf(folder: string): Promise<void> {
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      const [program = '', ...args] = (Number.isInteger(pid) && commandLine(pid)) || [];
      return programs.test(basename(program)) && args.some((one) => one.includes(`${folder}/`));
    });
  for (const pid of pids) signalProcess(pid, 'SIGKILL');
  await waitUntil(() => !pids.some(isAlive), createRealClock(), 5_000);
}

/** The shims' sockets stand in a folder that all containerds share; each container's bundle names its own. */
function shimSocketsOf(folder: string): string[] {
  const tasks = join(folder, 'containerd-state/io.containerd.runtime.v2.task/moby');
  if (!existsSync(tasks)) return [];
  return readdirSync(tasks)
    .flatMap((id) => readLines(join(tasks, id, 'address')))
    .map((address) => address.replace(/^unix:\/\//, ''))
    .filter((path) => path.startsWith('/run/containerd/s/'));
}

const readLines = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];

function removeEmpty(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) rmSync(path, { force: true });
  else if (found?.isDirectory() && readdirSync(path).length === 0) rmdirSync(path);
}
