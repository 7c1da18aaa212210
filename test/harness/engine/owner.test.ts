import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isOwnerAlive, ownerOf, ownerPattern } from './owner.ts';

test('a run is alive while its process is, and a reused pid is not mistaken for it', async () => {
  expect(ownerOf()).toMatch(ownerPattern);
  expect(isOwnerAlive(ownerOf())).toBe(true);
  const [pid, ticks, namespace] = ownerOf().split('-');
  expect(isOwnerAlive(`${pid}-${Number(ticks) - 1}-${namespace}`)).toBe(false);
  expect(isOwnerAlive(`${pid}-1-1`), 'behind another wall of pids').toBe(true);

  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const owner = ownerOf(child.pid);
  expect(isOwnerAlive(owner)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isOwnerAlive(owner)).toBe(false);
});
