import { describe, expect, it } from 'vitest';
import { StatusError } from '../status-error.ts';
import { applyStrategicPatch } from './strategic.ts';

const pod = {
  metadata: { name: 'a', labels: { app: 'web', tier: 'x' }, finalizers: ['a/one', 'a/two'] },
  spec: {
    containers: [
      { name: 'app', image: 'app:1', args: ['-v'], env: [{ name: 'A', value: '1' }], ports: [{ containerPort: 80 }] },
      { name: 'side', image: 'side:1' },
    ],
    volumes: [{ name: 'data', emptyDir: {} }],
    tolerations: [{ key: 'a' }],
  },
};

const apply = (patch: object): Record<string, unknown> => applyStrategicPatch(pod, patch, 'V1Pod');
const containersOf = (patch: object): unknown => Reflect.get(Object(apply(patch).spec), 'containers');

describe('lists with a merge key', () => {
  it('merge entry by entry', () => {
    expect(
      containersOf({ spec: { containers: [{ name: 'app', image: 'app:2', env: [{ name: 'B', value: '2' }] }] } }),
    ).toEqual([
      {
        ...pod.spec.containers[0],
        image: 'app:2',
        env: [
          { name: 'B', value: '2' },
          { name: 'A', value: '1' },
        ],
      },
      pod.spec.containers[1],
    ]);
  });

  it('take new entries before those that only the server has', () => {
    expect(containersOf({ spec: { containers: [{ name: 'new', image: 'n' }] } })).toEqual([
      { name: 'new', image: 'n' },
      ...pod.spec.containers,
    ]);
  });

  it('lose deleted entries', () => {
    expect(
      containersOf({
        spec: {
          containers: [
            { name: 'app', $patch: 'delete' },
            { name: 'none', $patch: 'delete' },
          ],
        },
      }),
    ).toEqual([pod.spec.containers[1]]);
  });

  it('are replaced on demand', () => {
    expect(containersOf({ spec: { containers: [{ name: 'only', image: 'o' }, { $patch: 'replace' }] } })).toEqual([
      { name: 'only', image: 'o' },
    ]);
  });

  it('are put in the order that is asked for', () => {
    const order = { '$setElementOrder/containers': [{ name: 'side' }, { name: 'app' }] };
    expect(containersOf({ spec: order })).toEqual([pod.spec.containers[1], pod.spec.containers[0]]);
    expect(containersOf({ spec: { ...order, containers: [{ name: 'app', image: 'x' }] } })).toEqual([
      pod.spec.containers[1],
      { ...pod.spec.containers[0], image: 'x' },
    ]);
  });

  it('keep what the order does not name where the server had it', () => {
    const order = { '$setElementOrder/containers': [{ name: 'side' }, { name: 'new' }], containers: [{ name: 'new' }] };
    expect(containersOf({ spec: order })).toEqual([...pod.spec.containers, { name: 'new' }]);
  });
});

describe('other lists', () => {
  it('are replaced where nothing else is declared', () => {
    expect(apply({ spec: { tolerations: [{ key: 'b' }] } })).toHaveProperty('spec.tolerations', [{ key: 'b' }]);
    expect(containersOf({ spec: { containers: [{ name: 'app', args: ['-q'] }] } })).toHaveProperty('0.args', ['-q']);
  });

  it('of plain values merge as sets where declared', () => {
    expect(apply({ metadata: { finalizers: ['a/three', 'a/one'] } })).toHaveProperty('metadata.finalizers', [
      'a/three',
      'a/one',
      'a/two',
    ]);
    expect(apply({ metadata: { '$deleteFromPrimitiveList/finalizers': ['a/one'] } })).toHaveProperty(
      'metadata.finalizers',
      ['a/two'],
    );
    const order = { '$setElementOrder/finalizers': ['a/two', 'a/one'] };
    expect(apply({ metadata: order })).toHaveProperty('metadata.finalizers', ['a/two', 'a/one']);
  });
});

describe('maps', () => {
  it('merge, and null takes a key away', () => {
    expect(apply({ metadata: { labels: { app: null, new: 'n' } }, spec: { volumes: null } })).toEqual({
      ...pod,
      metadata: { ...pod.metadata, labels: { tier: 'x', new: 'n' } },
      spec: { containers: pod.spec.containers, tolerations: pod.spec.tolerations },
    });
  });

  it('are replaced or emptied on demand', () => {
    expect(apply({ metadata: { labels: { $patch: 'replace', only: 'o' } } })).toHaveProperty('metadata.labels', {
      only: 'o',
    });
    expect(apply({ metadata: { labels: { $patch: 'delete' } } })).toHaveProperty('metadata.labels', {});
  });

  it('keep only retained keys', () => {
    const change = { name: 'data', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } };
    expect(apply({ spec: { volumes: [change] } })).toHaveProperty('spec.volumes', [
      { name: 'data', hostPath: { path: '/x' } },
    ]);
  });

  it('carry no directives and no nulls into what is new', () => {
    const affinity = {
      nodeAffinity: { $patch: 'replace', a: null, list: [{ b: 1 }, { $patch: 'delete', b: 2 }] },
      $retainKeys: ['nodeAffinity'],
    };
    expect(apply({ spec: { affinity } })).toHaveProperty('spec.affinity', { nodeAffinity: { list: [{ b: 1 }] } });
  });

  it('never change their arguments', () => {
    const before = structuredClone(pod);
    apply({
      metadata: { labels: { app: null } },
      spec: { containers: [{ name: 'app', env: [{ name: 'A', value: '9' }] }] },
    });
    expect(pod).toEqual(before);
  });
});

describe('mistakes', () => {
  it.each([
    [{ spec: { containers: [{ image: 'x' }] } }, 'map: {"image":"x"} does not contain declared merge key: name'],
    [{ spec: { containers: [{ name: 'a', $patch: 'merge' }] } }, 'merging lists cannot yet be specified in the patch'],
    [{ spec: { containers: [{ name: 'a', $patch: 'explode' }] } }, 'unknown patch type: "explode" in map'],
    [{ metadata: { $patch: 'merge' } }, 'unknown patch type: "merge" in map'],
    [{ spec: { $retainKeys: ['containers'], nodeName: 'x' } }, 'invalid patch format of retainKeys'],
    [{ metadata: { '$deleteFromPrimitiveList/finalizers': 'x' } }, 'invalid patch format of primitive list'],
    [{ spec: { '$setElementOrder/containers': 'x' } }, 'invalid patch format of setElementOrder list'],
    [
      { spec: { '$setElementOrder/containers': [{ name: 'app' }], containers: [{ name: 'other' }] } },
      "doesn't match $setElementOrder list",
    ],
  ])('%j', (patch, message) => {
    expect(() => apply(patch)).toThrow(message);
    expect(() => apply(patch)).toThrow(StatusError);
  });

  it('in depth are bounded', () => {
    let deep: object = {};
    for (let depth = 0; depth < 100_000; depth += 1) deep = { a: deep };
    expect(() =>
      applyStrategicPatch({ metadata: { labels: deepCopyOf(600) } }, { metadata: { labels: deep } }, 'V1Pod'),
    ).toThrow(expect.objectContaining({ code: 400 }));
    expect(() => apply({ metadata: { labels: { a: deep } } })).toThrow(expect.objectContaining({ code: 400 }));
  });

  it('are all that kinds without a model get', () => {
    expect(() => applyStrategicPatch({}, {}, undefined)).toThrow(expect.objectContaining({ code: 415 }));
    expect(() => applyStrategicPatch({}, [], 'V1Pod')).toThrow(expect.objectContaining({ code: 400 }));
  });
});

function deepCopyOf(depth: number): object {
  let deep: object = {};
  for (let at = 0; at < depth; at += 1) deep = { a: deep };
  return deep;
}

it('puts many entries of one key into one', () => {
  const containers = Array.from({ length: 20_000 }, (_, index) => ({ name: 'app', image: `app:${index}` }));
  expect(containersOf({ spec: { containers } })).toHaveProperty('length', 2);
});
