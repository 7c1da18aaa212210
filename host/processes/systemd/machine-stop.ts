import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { HostLayout } from '../../layout.ts';

/** How long pods have to end when their machine goes down, all together. Units are given more: see unit.ts. */
export const podsStopSeconds = 20;

const askMs = 2_000;

/**
 * Whether systemd takes the whole machine down, and not only the unit that asks. False where nothing can be known: what runs then
 * goes on, as at any restart of ours.
 */
export function isMachineStopping({
  systemctl = 'systemctl',
  runs = '/run/systemd/system',
}: {
  readonly systemctl?: string;
  readonly runs?: string;
} = {}): Promise<boolean> {
  if (!existsSync(runs)) return Promise.resolve(false);
  return new Promise((resolve) => {
    // Its exit code is that of a failure in each state but `running`.
    execFile(systemctl, ['is-system-running'], { timeout: askMs }, (_, stdout) =>
      resolve(stdout.trim() === 'stopping'),
    );
  });
}

/** Kills what is left of containers, and their shims, once containerd has ended with the machine; nothing otherwise. */
export const killContainers = ({ cgroupRoot, containerdSocket }: HostLayout): [string, ...string[]] => [
  '/bin/sh',
  join(import.meta.dirname, 'kill-containers.sh'),
  cgroupRoot,
  containerdSocket,
];
