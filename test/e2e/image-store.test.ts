import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRealClock } from '#base/real/clock.ts';
import { createRealRandom } from '#base/real/random.ts';
import { sha256 } from '#cli/image/archive/image.ts';
import { imageArchitecture } from '#node-agent/images/manifests.ts';
import type { ImageStore } from '#node-agent/images/store.ts';
import type { Descriptor } from '#node-agent/images/transfer.ts';
import { createContainerdImageStore } from '#node-agent/runtime/containerd/image-store.ts';
import { startContainerd, type TestContainerd } from '../harness/containerd.ts';
import { eventually } from '../harness/eventually.ts';
import { mustRun } from '../harness/run.ts';

/** A disk of 64 MB. */
let disk: string;
let containerd: TestContainerd;
let full: ImageStore;
let honest: ImageStore;
const never = new AbortController().signal;

beforeAll(async () => {
  disk = mkdtempSync('/var/tmp/berth-agent-');
  mkdirSync(`${disk}/lib/containerd`, { recursive: true });
  await mustRun('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', `${disk}/lib/containerd`]);
  containerd = await startContainerd(disk, { prefix: 'bis', podCidr: '10.42.219.0/24' });
  const common = {
    socketPath: containerd.socketPath,
    root: containerd.layout.containerdRoot,
    architecture: imageArchitecture(process.arch),
    clock: createRealClock(),
    random: createRealRandom(),
  };
  full = createContainerdImageStore({ ...common, freeBytes: async () => 1e12 });
  honest = createContainerdImageStore(common);
});
afterAll(async () => {
  full?.close();
  honest?.close();
  await containerd?.stop();
  await mustRun('umount', [`${disk}/lib/containerd`]).catch(() => undefined);
  rmSync(disk, { recursive: true, force: true });
});

const blobOf = (content: Buffer): Descriptor => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar',
  digest: sha256(content),
  size: content.length,
});
const usedBytes = async (): Promise<number> => {
  const text = await mustRun('df', ['-B1', '--output=used', containerd.layout.containerdRoot]);
  return Number(text.trim().split('\n')[1]);
};

it('refuses what cannot fit before the first byte', async () => {
  const large = blobOf(Buffer.alloc(80e6));
  await expect(honest.check(large, [large], never)).rejects.toMatchObject({
    code: 'disk-full',
    message: expect.stringMatching(/about 160 MB are needed on the disk of \S+, and \d+ MB are free/),
  });
});

it('says so when the disk is full in the middle, and leaves it as it was', async () => {
  const before = await usedBytes();
  const content = Buffer.alloc(80e6);
  const large = blobOf(content);
  expect(await full.check(large, [large], never)).toEqual([{ digest: large.digest, offset: 0 }]);
  const bytes = Readable.from([content.subarray(0, 40e6), content.subarray(40e6)], { objectMode: false });
  const part = { target: large.digest, digest: large.digest, size: large.size, offset: 0 };
  await expect(full.write(part, bytes, never)).rejects.toMatchObject({
    code: 'disk-full',
    message: expect.stringContaining('no space is left on the disk of'),
  });
  await eventually(async () => (await usedBytes()) < before + 1e6);
});

it('makes no image of blobs that are not all there, or are for another machine', async () => {
  const config = Buffer.from(
    JSON.stringify({ os: 'linux', architecture: 'pdp11', rootfs: { type: 'layers', diff_ids: [] } }),
  );
  const manifest = Buffer.from(JSON.stringify({ config: { ...blobOf(config), mediaType: 'c' }, layers: [] }));
  const target = { ...blobOf(manifest), mediaType: 'application/vnd.oci.image.manifest.v1+json' };
  const put = async (content: Buffer) => {
    const { digest, size } = blobOf(content);
    await honest.write(
      { target: target.digest, digest, size, offset: 0 },
      Readable.from([content], { objectMode: false }),
      never,
    );
  };
  await honest.check(target, [target, blobOf(config)], never);
  const commit = () => honest.commit({ target, names: ['example.org/odd:1'] }, never);
  await expect(commit()).rejects.toMatchObject({ code: 'incomplete' });
  await put(manifest);
  await expect(commit()).rejects.toMatchObject({ code: 'incomplete' });
  await put(config);
  await expect(commit()).rejects.toMatchObject({ code: 'platform', message: expect.stringContaining('linux/pdp11') });
  expect((await honest.loaded(never)).size).toBe(0);
});
