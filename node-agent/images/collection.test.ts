import { describe, expect, it } from 'vitest';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import type { Container, Image, Sandbox } from '../runtime/runtime.ts';
import { selectDeadContainers, selectDeadSandboxes } from './dead.ts';
import { createImageCollector, type ImageCollectorOptions } from './image-collector.ts';

const image = (name: string, sizeBytes = 100, pinned = false): Image => ({
  id: `sha256:${name}`,
  repoTags: [`r.io/${name}:1`],
  repoDigests: [],
  sizeBytes,
  pinned,
});
const container = (id: string, change: Partial<Container> = {}): Container => ({
  id,
  sandboxId: 's',
  name: 'main',
  attempt: 0,
  image: '',
  imageRef: '',
  state: 'exited',
  createdAtMs: 0,
  labels: { 'io.kubernetes.pod.uid': 'pod' },
  annotations: {},
  ...change,
});

function setUp(change: Partial<ImageCollectorOptions> = {}) {
  const clock = createVirtualClock();
  const state = { images: [image('a'), image('b'), image('c')], containers: [] as Container[], usedPercent: 90 };
  const removed: string[] = [];
  const runtime = {
    listImages: async () => state.images,
    listContainers: async () => state.containers,
    removeImage: async (id: string) => {
      removed.push(id);
      state.images = state.images.filter((each) => each.id !== id);
    },
    imageFsUsage: async () => ({ mountpoint: '/', usedBytes: 0, inodesUsed: 0 }),
  };
  const disk = async () => ({ capacityBytes: 1000, availableBytes: 1000 - state.usedPercent * 10 });
  const keep = (tag: string) => tag.startsWith('berth.local/');
  const collector = createImageCollector({ runtime, clock, log: createSilentLog(), keep, disk, ...change });
  const collect = () => collector.collect(new AbortController().signal);
  return { clock, state, removed, collect };
}

describe('image collection', () => {
  it('frees down to the low mark, those first that were used longest ago', async () => {
    const { clock, state, removed, collect } = setUp();
    state.usedPercent = 50;
    state.containers = [container('1', { imageRef: 'sha256:a' }), container('2', { imageRef: 'sha256:b' })];
    await collect();
    await clock.advance(200_000);
    state.containers = [container('1', { imageRef: 'sha256:a' })];
    await collect();
    state.containers = [];
    state.usedPercent = 95;
    await clock.advance(200_000);
    expect(await collect()).toBe(200);
    expect(removed).toEqual(['sha256:c', 'sha256:b']);
  });

  it('leaves images alone while the disk has room', async () => {
    const { clock, state, removed, collect } = setUp();
    state.usedPercent = 84;
    await collect();
    await clock.advance(200_000);
    await collect();
    expect(removed).toEqual([]);
  });

  it('never removes what is used by id, tag or digest, pinned, local, or new', async () => {
    const { clock, state, removed, collect } = setUp();
    const local: Image = { ...image('local'), repoTags: ['berth.local/pause:1'] };
    state.images = [image('a'), image('b'), image('pinned', 1, true), local];
    state.containers = [container('1', { image: 'r.io/a:1' }), container('2', { imageRef: 'sha256:b' })];
    await collect();
    await clock.advance(200_000);
    state.images = [...state.images, image('new')];
    state.usedPercent = 99;
    await collect();
    expect(removed).toEqual([]);
  });

  it('removes what was unused for long, whatever the disk says', async () => {
    const { clock, state, removed, collect } = setUp({ maxUnusedMs: 3_600_000 });
    state.usedPercent = 10;
    await collect();
    await clock.advance(3_500_000);
    await collect();
    expect(removed).toEqual([]);
    await clock.advance(200_000);
    await collect();
    expect(removed).toHaveLength(3);
  });
});

describe('selectDeadContainers', () => {
  const select = (containers: readonly Container[], pods: readonly string[] = ['pod']) =>
    selectDeadContainers({ containers, hasPod: (uid) => pods.includes(uid), nowMs: 1000, minAgeMs: 100 }).map(
      ({ id }) => id,
    );

  it('keeps the last ended attempt of each container, and what runs', () => {
    const all = [
      container('0', { createdAtMs: 1 }),
      container('1', { createdAtMs: 2, attempt: 1 }),
      container('2', { createdAtMs: 3, attempt: 2, state: 'running' }),
      container('other', { name: 'other', createdAtMs: 1 }),
      container('fresh', { createdAtMs: 0, attempt: 0, state: 'created' }),
    ];
    expect(select(all)).toEqual(['0']);
  });

  it('keeps nothing of a pod that is gone, once it is old enough', () => {
    expect(select([container('0', { createdAtMs: 5 }), container('1', { createdAtMs: 950 })], [])).toEqual(['0']);
  });
});

describe('selectDeadSandboxes', () => {
  const sandbox = (id: string, attempt: number, ready: boolean): Sandbox => ({
    id,
    pod: { name: 'p', namespace: 'd', uid: 'pod', attempt },
    ready,
    createdAtMs: attempt,
    ips: [],
    labels: {},
    annotations: {},
  });
  const select = (pods: readonly string[], containers: readonly Container[] = []) => {
    const sandboxes = [sandbox('s0', 0, false), sandbox('s1', 1, false), sandbox('s2', 2, false)];
    const input = { sandboxes, containers, hasPod: (uid: string) => pods.includes(uid), nowMs: 10 };
    return selectDeadSandboxes(input).map(({ id }) => id);
  };

  it('keeps the newest of a pod, and those with containers', () => {
    expect(select(['pod'])).toEqual(['s0', 's1']);
    expect(select(['pod'], [container('c', { sandboxId: 's1' })])).toEqual(['s0']);
  });

  it('keeps none of a pod that is gone', () => {
    expect(select([])).toEqual(['s0', 's1', 's2']);
  });
});
