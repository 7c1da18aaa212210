import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRealClock } from '#base/real/clock.ts';
import { type HostLayout, hostLayout } from '#host/layout.ts';
import { signalProcess } from '#host/processes/supervised.ts';
import { removeCgroup } from '#host/removal/cgroups.ts';
import { unmountAll } from '#host/removal/mounts.ts';
import { isOwnerAlive, ownerOf } from '../engine/owner.ts';
import { eventually } from '../eventually.ts';
import { mustRun, run } from '../run.ts';
import { folderOf, namespacesOf, noteFile, podNamespace, runFolders, runsFolder } from './names.ts';

const netnsFolder = '/run/netns';

/** Ends everything that runs in a machine and takes its kernel's part away, as power loss does. Its disk stays. */
export async function removeMachine(namespace: string, layout: HostLayout): Promise<void> {
  const clock = createRealClock();
  const exists = (): boolean => existsSync(join(netnsFolder, namespace));
  // First, so that nobody is told of the end. Also, connections that linger can keep the namespace for minutes after its end.
  if (exists()) await run('ip', ['-n', namespace, 'link', 'delete', 'eth0']);
  for (const pod of namespaces().filter((one) => one.startsWith(podNamespace(namespace, ''))))
    await removeNamespace(pod);
  if (exists()) await eventually(() => killAllIn(namespace), { withinMs: 15_000, everyMs: 20 });
  // What runs in pods has network namespaces of its own.
  const held = await removeCgroup(layout.cgroupRoot, clock);
  const { containerdState, containerdRoot, agentDir, runDir } = layout;
  held.push(...unmountAll([containerdState, containerdRoot, agentDir]));
  if (held.length > 0) throw new Error(`machine ${namespace}: something still holds ${held.join(', ')}`);
  rmSync(runDir, { recursive: true, force: true });
  if (exists()) await mustRun('ip', ['netns', 'delete', namespace]);
}

const namespaces = (): string[] => (existsSync(netnsFolder) ? readdirSync(netnsFolder) : []);

/** With everything that runs in it. Fine when it is gone already. */
export async function removeNamespace(namespace: string): Promise<void> {
  if (!existsSync(join(netnsFolder, namespace))) return;
  await eventually(() => killAllIn(namespace), { withinMs: 15_000, everyMs: 20 });
  await mustRun('ip', ['netns', 'delete', namespace]);
}

async function killAllIn(namespace: string): Promise<boolean> {
  const pids = (await mustRun('ip', ['netns', 'pids', namespace])).split('\n').filter(Boolean).map(Number);
  for (const pid of pids) signalProcess(pid, 'SIGKILL');
  // A supervisor may have started another one in the meantime.
  return pids.length === 0;
}

/** Removes the machines of runs that were killed; those of living ones are left alone. */
export async function sweepAbandonedMachines(): Promise<void> {
  for (const name of readdirSync(runsFolder).filter((one) => runFolders.test(one))) {
    const note = join(runsFolder, name, noteFile);
    // Without a note it is being made, or was left in the instant before: then there is nothing in it.
    if (!existsSync(note) || isOwnerAlive(readNote(note))) continue;
    // Ours now: others may be sweeping at the same time.
    writeFileSync(note, ownerOf());
    await removeRun(name.replace('berth-mach-', ''));
  }
}

/** Empty when its owner has removed it by now; that counts as alive. */
function readNote(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Everything of one run, whatever is there of it. */
export async function removeRun(id: string): Promise<void> {
  const folder = folderOf(id);
  const pattern = namespacesOf(id);
  const found = namespaces().filter((one) => pattern.test(one));
  const machines = new Set(found.filter((one) => !one.endsWith('-wire') && !one.includes('-pod-')));
  for (const each of readdirSync(folder).filter((one) => one !== noteFile)) machines.add(`berth-${id}-${each}`);
  await Promise.all(
    [...machines].map((one) => removeMachine(one, hostLayout(join(folder, one.replace(`berth-${id}-`, ''))))),
  );
  const wire = found.find((one) => one.endsWith('-wire'));
  if (wire) await removeNamespace(wire);
  rmSync(folder, { recursive: true, force: true });
}
