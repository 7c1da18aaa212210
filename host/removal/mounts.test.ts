import { expect, it } from 'vitest';
import { mountsUnder } from './mounts.ts';

const mountinfo = [
  '22 1 8:1 / / rw - ext4 /dev/root rw',
  '30 22 0:25 / /srv/a/run rw - tmpfs tmpfs rw',
  '31 30 0:26 / /srv/a/run/containerd/x/rootfs rw - overlay overlay rw',
  '32 22 0:27 / /srv/a/lib/agent/pods/with\\040blank rw - tmpfs tmpfs rw',
  '33 22 0:28 / /srv/ab rw - tmpfs tmpfs rw',
].join('\n');

it('lists mounts under the folders, deepest first, and no neighbour that only begins alike', () => {
  expect(mountsUnder(['/srv/a'], mountinfo)).toEqual([
    '/srv/a/run/containerd/x/rootfs',
    '/srv/a/lib/agent/pods/with blank',
    '/srv/a/run',
  ]);
});
