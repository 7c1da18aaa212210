import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Kernel clock ticks per second, as /proc counts CPU time; 100 on every Linux that we run on. */
const ticksPerSecond = 100;

/** What of a process lies in memory now. `RssFile`: the part that is pages of files, which other processes may share. */
export const residentMiB = (pid: number, part: 'VmRSS' | 'RssFile' = 'VmRSS'): number =>
  Number(new RegExp(`^${part}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** CPU time that it has used so far, in user and kernel mode. With `children`, that of those that it has waited for too. */
export function cpuSeconds(pid: number, { children = false } = {}): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const counted = fields.slice(11, children ? 15 : 13);
  return counted.reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
}

/** MiB of a Node that only serves HTTP: what no server of ours can go below. */
export async function bareNode(): Promise<number> {
  const child = spawn(
    process.execPath,
    ['-e', "require('http').createServer((q, s) => s.end('ok')).listen(0, () => console.log('up'))"],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const found = residentMiB(child.pid ?? 0);
  child.kill();
  return found;
}
