import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyMergePatch } from './merge.ts';
import { applyStrategicPatch } from './strategic.ts';
import { createThreeWayPatch } from './three-way.ts';

const deployment = (containers: object[], more: object = {}) => ({
  metadata: { name: 'web' },
  spec: { ...more, template: { spec: { containers } } },
});

const patchOf = (
  original: Record<string, unknown>,
  modified: Record<string, unknown>,
  current: Record<string, unknown>,
) => createThreeWayPatch(original, modified, current, 'V1Deployment');

describe('the patch of apply', () => {
  const original = deployment([{ name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] }], {
    replicas: 2,
    paused: true,
  });
  const current = {
    metadata: { name: 'web', uid: '1' },
    spec: {
      replicas: 5,
      paused: true,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
      template: {
        spec: {
          containers: [
            {
              name: 'a',
              image: 'a:1',
              imagePullPolicy: 'Always',
              env: [
                { name: 'X', value: '1' },
                { name: 'Y', value: '2' },
              ],
            },
            { name: 'injected', image: 'i' },
          ],
        },
      },
    },
  };

  it('is empty when nothing is to be done', () => expect(patchOf(current, current, current)).toEqual({}));

  it('changes only what differs, and leaves what others own', () => {
    const modified = deployment([{ name: 'a', image: 'a:2', env: [{ name: 'Z', value: '3' }] }], { replicas: 2 });
    const patch = patchOf(original, modified, current);
    expect(patch).toEqual({
      spec: {
        replicas: 2,
        paused: null,
        template: {
          spec: {
            '$setElementOrder/containers': [{ name: 'a' }],
            containers: [
              {
                name: 'a',
                image: 'a:2',
                '$setElementOrder/env': [{ name: 'Z' }],
                env: [
                  { name: 'Z', value: '3' },
                  { name: 'X', $patch: 'delete' },
                ],
              },
            ],
          },
        },
      },
    });
    expect(applyStrategicPatch(current, patch, 'V1Deployment')).toEqual({
      metadata: current.metadata,
      spec: {
        replicas: 2,
        strategy: current.spec.strategy,
        template: {
          spec: {
            containers: [
              {
                name: 'a',
                image: 'a:2',
                imagePullPolicy: 'Always',
                env: [
                  { name: 'Z', value: '3' },
                  { name: 'Y', value: '2' },
                ],
              },
              { name: 'injected', image: 'i' },
            ],
          },
        },
      },
    });
  });

  it('says which keys of a union stay', () => {
    const modified = deployment([], { strategy: { type: 'Recreate' } });
    const patch = patchOf({}, modified, {
      ...current,
      spec: { ...current.spec, template: { spec: { containers: [] } } },
    });
    expect(patch).toEqual({ spec: { strategy: { type: 'Recreate', $retainKeys: ['type'] } } });
    expect(applyStrategicPatch(current, patch, 'V1Deployment')).toHaveProperty('spec.strategy', { type: 'Recreate' });
  });

  it('handles lists of plain values', () => {
    const [was, will, is] = [
      ['a/1', 'a/2'],
      ['a/1', 'a/3'],
      ['a/1', 'a/2', 'a/9'],
    ].map((finalizers) => ({ metadata: { finalizers } }));
    const patch = patchOf(was ?? {}, will ?? {}, is ?? {});
    expect(applyStrategicPatch(is ?? {}, patch, 'V1Deployment')).toEqual({
      metadata: { finalizers: ['a/1', 'a/3', 'a/9'] },
    });
  });

  it('is a JSON merge patch for kinds without a model', () => {
    const patch = createThreeWayPatch({ a: [1], b: 1 }, { a: [1, 2] }, { a: [1], b: 1, c: 1 }, undefined);
    expect(patch).toEqual({ a: [1, 2], b: null });
  });
});

const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 });
const manifest = fc
  .tuple(names, fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.constantFrom('1', '2')), fc.constantFrom('i:1', 'i:2'))
  .map(([containers, labels, image]) => ({
    metadata: { labels },
    spec: { template: { spec: { containers: containers.map((name) => ({ name, image })) } } },
  }));

describe('properties', () => {
  it('applied to the live object, the patch makes everything of the manifest true, and a second one is empty', () => {
    fc.assert(
      fc.property(manifest, manifest, manifest, (original, modified, current) => {
        const applied = applyStrategicPatch(current, patchOf(original, modified, current), 'V1Deployment');
        expect(applied).toMatchObject({ metadata: modified.metadata });
        expect(patchOf(modified, modified, applied)).toEqual({});
      }),
    );
  });

  it('without a model, too', () => {
    fc.assert(
      fc.property(manifest, manifest, manifest, (original, modified, current) => {
        const applied = applyMergePatch(current, createThreeWayPatch(original, modified, current, undefined));
        expect(applied).toMatchObject(modified);
        expect(createThreeWayPatch(modified, modified, applied, undefined)).toEqual({});
      }),
    );
  });
});
