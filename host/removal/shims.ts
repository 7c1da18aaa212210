import { readdirSync } from 'node:fs';
import type { Clock } from '#base/clock.ts';
import { commandLine, isAlive } from '../processes/pid.ts';
import { signalProcess, waitUntil } from '../processes/supervised.ts';

/**
 * containerd's shims outlive it by design; each names the containerd it belongs to by its socket. Returns the pids of
 * those that belong to `socket`.
 */
export function shimsOf(socket: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const line = commandLine(pid);
      return line?.[0]?.includes('containerd-shim') && line.includes(socket);
    });
}

export async function killShims(socket: string, clock: Clock): Promise<void> {
  for (const pid of shimsOf(socket)) signalProcess(pid, 'SIGKILL');
  await waitUntil(() => !shimsOf(socket).some(isAlive), clock, 5_000);
}
