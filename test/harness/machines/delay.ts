import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { mustRun, run } from '../run.ts';

let netem: boolean | undefined;

/** Whether the kernel can delay packets by itself; not every one was built so. */
export async function hasNetem(namespace: string): Promise<boolean> {
  if (netem === undefined) {
    const qdisc = ['-n', namespace, 'qdisc'];
    netem = (await run('tc', [...qdisc, 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms'])).code === 0;
    if (netem) await mustRun('tc', [...qdisc, 'del', 'dev', 'lo', 'root']);
  }
  return netem;
}

export interface DelayRelay {
  stop(): Promise<void>;
}

const script = join(import.meta.dirname, 'delay.pl');

/**
 * Where the kernel has no netem: takes the port off its bridge, puts one end of a new pair in its place, and lets a small
 * program carry frames between the other end and the port, those towards the port later.
 */
export async function startDelayRelay(
  { namespace, port, bridge }: { namespace: string; port: string; bridge: string },
  delayMs: number,
): Promise<DelayRelay> {
  const ip = (...args: string[]): Promise<string> => mustRun('ip', ['-n', namespace, ...args]);
  const joined = `${port}d`;
  const held = `${port}r`;
  await ip('link', 'add', joined, 'type', 'veth', 'peer', 'name', held);
  await ip('link', 'set', held, 'up');
  await ip('link', 'set', port, 'nomaster', 'promisc', 'on');
  await ip('link', 'set', held, 'promisc', 'on');
  const indexOf = async (name: string): Promise<string> => (await ip('-o', 'link', 'show', name)).split(':')[0] ?? '';
  const indexes = [await indexOf(held), await indexOf(port)];
  const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, '--', 'perl', script, ...indexes, String(delayMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await Promise.race([
    once(child.stdout, 'data'),
    ended.then(() => Promise.reject(new Error('the delaying relay did not start'))),
  ]);
  await ip('link', 'set', joined, 'master', bridge, 'up');
  return {
    async stop() {
      child.stdin.end(); // Its sign to end; it ends with us too.
      await ended;
      await run('ip', ['-n', namespace, 'link', 'delete', joined]);
      // Gone when its machine is powered off.
      await run('ip', ['-n', namespace, 'link', 'set', port, 'promisc', 'off', 'master', bridge]);
    },
  };
}
