import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../host-linux/run.ts';
import type { FenceBook } from './book.ts';

/**
 * The book as files that watchdog.sh reads. In `folder`, which should be on tmpfs: a deadline is written at each heartbeat. Each names
 * the boot it is of, because the next one counts its uptime from zero.
 */
export function createLinuxBook(folder: string): FenceBook {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const deadlineFile = join(folder, 'deadline');
  const podsFile = join(folder, 'pods');
  const write = (file: string, text: string): void => {
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  return {
    uptimeMs: () => uptimeMs(readFileSync('/proc/uptime', 'utf8')),
    load: () => ({ deadlineMs: parseDeadline(readText(deadlineFile), boot), pods: parsePods(readText(podsFile)) }),
    // Rounded down: it is no promise to end a hundredth later.
    saveDeadline: (deadlineMs) => write(deadlineFile, `${boot} ${Math.floor(deadlineMs / 10)}\n`),
    savePods: (pods) => write(podsFile, [...pods].map(([uid, cgroup]) => `${uid} ${cgroup}\n`).join('')),
  };
}

/** `4711.25 9000.11` of /proc/uptime. */
export const uptimeMs = (text: string): number => Math.round(Number(text.split(' ')[0]) * 1000);

export function parseDeadline(text: string, boot: string): number | undefined {
  const [of, hundredths = ''] = text.trim().split(' ');
  return of === boot && /^\d{1,15}$/.test(hundredths) ? Number(hundredths) * 10 : undefined;
}

export function parsePods(text: string): ReadonlyMap<string, string> {
  const pods = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [uid, cgroup, ...rest] = line.split(' ');
    if (uid && cgroup?.startsWith('/') && rest.length === 0) pods.set(uid, cgroup);
  }
  return pods;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}
