import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { type ImageStore, ImageStoreError } from '../images/store.ts';
import { RuntimeError } from '../runtime/errors.ts';
import type { Container, Image } from '../runtime/runtime.ts';
import { createImageRoutes, type ImageCall } from './images-route.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const target = { mediaType: 'm', digest, size: 3 };
const image = (...repoTags: string[]): Image => ({
  id: digest,
  repoTags,
  repoDigests: [],
  sizeBytes: 3,
  pinned: false,
});

const refusing = (error: Error): ImageStore => ({
  check: () => Promise.reject(error),
  write: () => Promise.reject(error),
  commit: () => Promise.reject(error),
  removeName: () => Promise.reject(error),
  loaded: () => Promise.reject(error),
  close: () => {},
});

function setUp(store: ImageStore | undefined, images: readonly Image[] = [], containers: readonly Container[] = []) {
  const removed: string[] = [];
  const routes = createImageRoutes({
    store,
    protectedNames: ['berth.local/pause:1'],
    clock: createVirtualClock(),
    runtime: {
      listImages: async () => images,
      imageStatus: async (name) => images.find(({ repoTags }) => repoTags.includes(name)),
      removeImage: async (id) => void removed.push(id),
      listContainers: async () => containers,
    },
  });
  const call = (method: string, path: string, body: string | object = '') => {
    const [segments = '', query = ''] = path.split('?');
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const request: ImageCall = {
      method,
      segments: segments.split('/').filter(Boolean),
      query: new URLSearchParams(query),
      body: (async function* () {
        yield Buffer.from(text);
      })(),
      signal: new AbortController().signal,
    };
    return routes.handle(request);
  };
  return { call, removed };
}

describe('what is refused', () => {
  const wrong = new Error('the store was asked');
  it.each<[string, string, string | object, number]>([
    ['POST', 'check', 'no JSON', 400],
    ['POST', 'check', { target, blobs: [{ digest: 'sha256:x' }] }, 400],
    ['POST', 'check', { target, blobs: Array.from({ length: 1001 }, () => target) }, 400],
    ['POST', 'check', 'x'.repeat(2 ** 20 + 1), 413],
    ['POST', 'commit', { target, names: ['web'] }, 400],
    ['POST', 'commit', { target, names: ['../../etc:1'] }, 400],
    ['PUT', `blobs/sha256:x?target=${digest}&size=1&offset=0`, '', 400],
    ['PUT', `blobs/${digest}?target=${digest}&size=1&offset=2`, '', 400],
    ['PUT', `blobs/${digest}?target=${digest}&size=-1&offset=0`, '', 400],
    ['PUT', `blobs/${digest}?target=..&size=1&offset=0`, '', 400],
    ['GET', 'check', '', 405],
    ['POST', '', '', 405],
    ['GET', 'blobs/a/b', '', 404],
    ['GET', 'other', '', 404],
  ])('%s %.40s', async (method, path, body, status) => {
    await expect(setUp(refusing(wrong)).call(method, path, body)).rejects.toMatchObject({ status });
  });

  it.each<[Error, number]>([
    [new ImageStoreError('disk-full', 'full'), 507],
    [new ImageStoreError('damaged', 'damaged'), 422],
    [new ImageStoreError('busy', 'busy'), 409],
    [new RuntimeError('unavailable', 'gone'), 503],
    [new RuntimeError('invalid', 'broke off'), 409],
  ])('what the store says: %s', async (error, status) => {
    const { call } = setUp(refusing(error));
    await expect(call('POST', 'check', { target, blobs: [] })).rejects.toMatchObject({ status });
  });

  it('all but a list, on a node that takes no images', async () => {
    const { call } = setUp(undefined, [image('r.io/web:1')]);
    expect(await call('GET', '')).toEqual({
      images: [{ id: digest, names: ['r.io/web:1'], digests: [], sizeBytes: 3 }],
    });
    await expect(call('POST', 'check', { target, blobs: [] })).rejects.toMatchObject({ status: 501 });
  });
});

describe('removal', () => {
  const container: Container = {
    id: 'c',
    sandboxId: 's',
    name: 'main',
    attempt: 0,
    image: digest,
    imageRef: digest,
    state: 'exited',
    createdAtMs: 0,
    labels: { 'io.kubernetes.pod.name': 'web-1', 'io.kubernetes.pod.namespace': 'shop' },
    annotations: {},
  };

  it('names the pods that use it, each once', async () => {
    const { call, removed } = setUp(undefined, [image('docker.io/library/web:1')], [container, container]);
    await expect(call('DELETE', '?name=web:1')).rejects.toMatchObject({
      status: 409,
      message: 'web:1 is in use by pod shop/web-1',
    });
    expect(removed).toEqual([]);
  });

  it('takes the image, also by its short name; not that of all pods, and not one that is not there', async () => {
    const { call, removed } = setUp(undefined, [image('docker.io/library/web:1'), image('berth.local/pause:1')]);
    await call('DELETE', '?name=web:1');
    expect(removed).toEqual([digest]);
    await expect(call('DELETE', '?name=berth.local/pause:1')).rejects.toMatchObject({ status: 409 });
    await expect(call('DELETE', '?name=other')).rejects.toMatchObject({ status: 404 });
  });
});
