import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CgroupDriver } from '../cgroups/driver.ts';
import type { PodPlace } from '../pods/host.ts';
import { createLinuxPodHost } from './pod-host.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-pod-host-'));
});
afterEach(() => rm(root, { recursive: true }));

const pod = (uid: string): PodPlace => ({ uid, name: uid, namespace: 'default', qos: 'Burstable' });
const limits = { cpuShares: 51, cpuQuotaUs: 0, memoryLimitBytes: 0 };

/** Keeps what is written; the first write takes until `release`, or fails then. */
function slowFirstWrite(outcome: 'written' | 'failed') {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const written: number[] = [];
  let writes = 0;
  const cgroups: CgroupDriver = {
    create: async () => {},
    async setShares(_path, shares) {
      writes += 1;
      if (writes === 1) {
        start();
        await released;
        if (outcome === 'failed') throw new Error('no such device');
      }
      written.push(shares);
    },
    remove: async () => {},
    list: async () => [],
  };
  return { cgroups, written, started, release };
}

test('the class ends with the shares of all its pods, however slow the write for the first was', async () => {
  const { cgroups, written, started, release } = slowFirstWrite('written');
  const host = createLinuxPodHost({ root, logRoot: join(root, 'logs'), cgroupRoot: 'berth-test', cgroups });
  const first = host.preparePod(pod('a'), limits);
  await started;
  const others = ['b', 'c'].map((uid) => host.preparePod(pod(uid), limits));
  release();
  await Promise.all([first, ...others]);
  expect(written.at(-1)).toBe(153);
  await host.releasePod(pod('b'));
  expect(written.at(-1)).toBe(102);
});

test('a failed write reaches its own pod only', async () => {
  const { cgroups, written, started, release } = slowFirstWrite('failed');
  const host = createLinuxPodHost({ root, logRoot: join(root, 'logs'), cgroupRoot: 'berth-test', cgroups });
  const first = host.preparePod(pod('a'), limits);
  await started;
  const second = host.preparePod(pod('b'), limits);
  release();
  await expect(first).rejects.toThrow('no such device');
  await second;
  expect(written).toEqual([102]);
});
