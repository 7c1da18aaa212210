/** Names a test run by its process, so that what a killed run has left can be told from what a living one uses. */
import { readFileSync, readlinkSync } from 'node:fs';

/** As `1234-567890-4026531836`: pid, start (kernel ticks after boot), the pids' namespace. Fit for names of files. */
export function ownerOf(pid = process.pid): string {
  return `${pid}-${startTicks(pid)}-${pidNamespace()}`;
}

export const ownerPattern = /^\d+-\d+-\d+$/;

/** A run behind another wall of pids cannot be judged from here, so it counts as alive. */
export function isOwnerAlive(owner: string): boolean {
  const [pid, ticks, namespace] = owner.split('-');
  return namespace !== pidNamespace() || startTicks(Number(pid)) === ticks;
}

const pidNamespace = (): string => /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';

function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, the second field, may hold blanks and brackets; the state is the 3rd, the start the 22nd.
    const [state = '', ...more] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // One that was killed, and that nobody asks after.
    return state === 'Z' ? undefined : more[18];
  } catch {
    return undefined;
  }
}
