import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRealClock } from '#base/real/clock.ts';
import { stopProcesses } from '#host/cluster.ts';
import { type HostLayout, hostLayout } from '#host/layout.ts';
import { commandLine } from '#host/processes/pid.ts';
import { signalProcess } from '#host/processes/supervised.ts';
import { removeEverything } from '#host/removal/removal.ts';
import { isOwnerAlive, ownerOf } from './engine/owner.ts';

/** What a test makes on the machine stands under one of these, with a note of who made it. */
const parent = '/var/tmp';
const folders = /^berth-(test|agent|bench|contract|network)-/;
const noteFile = 'owner.json';

interface Note {
  /** The process that made it. */
  readonly owner: string;
  readonly bridge: string;
  readonly nftTable: string;
  readonly cgroupRoot: string;
}

/** Notes that this process made what is in `dir`, so that a later run can tell what a killed one has left. */
export function claim(dir: string, { bridge, nftTable, cgroupRoot }: Omit<Note, 'owner'>): void {
  const note: Note = { owner: ownerOf(), bridge, nftTable, cgroupRoot };
  writeFileSync(join(dir, noteFile), JSON.stringify(note));
}

/**
 * Removes what runs that are gone have left: processes, mounts, interfaces, cgroups, rules, files. Their networks would
 * otherwise overlap with ours. What belongs to a process that lives is left alone.
 */
export async function sweepAbandoned(): Promise<void> {
  for (const name of readdirSync(parent).filter((one) => folders.test(one))) {
    const dir = join(parent, name);
    const note = readNote(dir);
    if (!note || isOwnerAlive(note.owner)) continue;
    const { bridge, nftTable, cgroupRoot } = note;
    // Ours now: others may be sweeping at the same time.
    claim(dir, note);
    const layout: HostLayout = { ...hostLayout(dir), bridge, nftTable, cgroupRoot };
    const clock = createRealClock();
    await stopProcesses(layout, ['server', 'agent', 'containerd', 'etcd'], clock);
    for (const pid of processesOf(dir)) signalProcess(pid, 'SIGKILL');
    await removeEverything(layout, clock);
    rmSync(dir, { recursive: true, force: true });
  }
}

function readNote(dir: string): Note | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(dir, noteFile), 'utf8'));
    return isNote(value) ? value : undefined;
  } catch {
    return undefined; // It is being made, or removed by its owner.
  }
}

const isNote = (value: unknown): value is Note =>
  typeof value === 'object' &&
  value !== null &&
  ['owner', 'bridge', 'nftTable', 'cgroupRoot'].every((name) => typeof Reflect.get(value, name) === 'string');

/** Those that name the folder on their command line. */
const processesOf = (dir: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && commandLine(pid)?.some((part) => part.includes(`${dir}/`)));
