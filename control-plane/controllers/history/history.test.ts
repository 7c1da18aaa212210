import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { V1PodTemplateSpec } from '#api/generated/types.ts';
import { controllerRevisions, statefulSets } from '#api/kinds.ts';
import { startTestControllers } from '#test/harness/controllers.ts';
import { podTemplate, statefulSet, timeAt } from '../testing/objects.ts';
import { revisionHash, revisionName } from './hash.ts';
import { beyondHistory, planRevision } from './plan.ts';
import { holdsTemplate, type Revision, revisionData, templateOf } from './revision.ts';

const revision = (name: string, number: number, template: V1PodTemplateSpec = podTemplate(name)): Revision => ({
  apiVersion: 'apps/v1',
  kind: 'ControllerRevision',
  metadata: { name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: timeAt(0) },
  data: revisionData(template),
  revision: number,
});
const owner = (image: string) => ({
  type: statefulSets,
  object: statefulSet({ template: podTemplate(image) }),
  template: podTemplate(image),
  collisionCount: 0,
  hashLabel: 'hash',
});

describe('the name of a revision', () => {
  it('is the one that Kubernetes gives the same stateful set', async () => {
    // The set, and the revision that kube-controller-manager 1.34 made of it.
    const bed = await startTestControllers();
    const namespace = 'default';
    const labels = { app: 'foo' };
    const template = {
      metadata: { labels, annotations: { test: 'value' } },
      spec: { containers: [{ name: 'test', image: 'test' }] },
    };
    const spec = { replicas: 1, serviceName: '', selector: { matchLabels: labels }, template };
    await bed.done(bed.client.create(statefulSets, { metadata: { name: 'test', namespace }, spec }));
    await bed.clock.advance(1_000);
    const [made] = (await bed.client.list(controllerRevisions, { namespace })).items;
    await bed.stop();
    expect(made?.metadata.name).toBe('test-776999688b');
    expect(made?.metadata.labels).toEqual({ app: 'foo', 'controller.kubernetes.io/hash': '776999688b' });
  });

  it('does not depend on the order of keys, changes with the count of collisions, and fits', () => {
    expect(revisionHash({ a: 1, b: { c: 2, d: 3 } }, 0)).toBe(revisionHash({ b: { d: 3, c: 2 }, a: 1 }, 0));
    expect(revisionHash({ a: 1 }, 1)).not.toBe(revisionHash({ a: 1 }, 0));
    expect(revisionName('x'.repeat(300), revisionHash({ a: '<&>' }, 0)).length).toBeLessThanOrEqual(253);
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), (data, count) => {
        expect(revisionHash(data, count)).toMatch(/^[b-df-hj-np-tv-xz2-9]{1,10}$/);
      }),
    );
  });
});

describe('a revision', () => {
  it('gives back the template it was made of', () => {
    expect(templateOf(revision('a', 1))).toEqual(podTemplate('a'));
    for (const data of [undefined, null, 'x', [], { spec: null }, { spec: { template: [] } }]) {
      expect(templateOf({ revision: 1, data })).toBeUndefined();
    }
  });

  it('means the same template when only defaults and empty fields differ', () => {
    const bare = podTemplate('a');
    const filled = {
      metadata: { ...bare.metadata, creationTimestamp: undefined, annotations: {} },
      spec: {
        ...bare.spec,
        restartPolicy: 'Always',
        dnsPolicy: 'ClusterFirst',
        containers: [
          { ...bare.spec.containers[0], name: 'main', resources: {}, terminationMessagePath: '/dev/termination-log' },
        ],
      },
    };
    expect(holdsTemplate(revision('a', 1, bare), filled)).toBe(true);
    expect(holdsTemplate(revision('a', 1, filled), bare)).toBe(true);
    expect(holdsTemplate(revision('a', 1, bare), podTemplate('b'))).toBe(false);
    // An empty selector takes every pod, a missing one none.
    const near = (term: object) => {
      const podAffinityTerm = { topologyKey: 'zone', ...term };
      const podAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm }] };
      return { ...bare, spec: { ...bare.spec, affinity: { podAffinity } } };
    };
    expect(holdsTemplate(revision('a', 1, near({ labelSelector: {} })), near({}))).toBe(false);
  });
});

describe('the next step of a history', () => {
  const step = (image: string, ...revisions: Revision[]) => planRevision(owner(image), revisions);

  it('is a first revision, then one more for each new template', () => {
    expect(step('a')).toMatchObject({ kind: 'create', revision: { revision: 1 } });
    expect(step('b', revision('a', 1), revision('c', 7))).toMatchObject({ kind: 'create', revision: { revision: 8 } });
    expect(step('a', revision('a', 1))).toMatchObject({ kind: 'current' });
  });

  it('makes an older revision the newest again when its template comes back', () => {
    const next = step('a', revision('a', 1), revision('b', 2), revision('c', 3));
    expect(next).toMatchObject({ kind: 'renumber', revision: { metadata: { name: 'a' } }, to: 4 });
  });

  it('removes the oldest beyond the limit, and nothing that is in use', () => {
    const all = [revision('c', 3), revision('a', 1), revision('d', 4), revision('b', 2)];
    const names = (limit: number | undefined, ...live: string[]): string[] =>
      beyondHistory(all, ({ metadata }) => live.includes(metadata.name), limit).map(({ metadata }) => metadata.name);
    expect(names(2)).toEqual(['a', 'b']);
    expect(names(1, 'a', 'd')).toEqual(['b']);
    expect(names(0, 'd')).toEqual(['a', 'b', 'c']);
    expect([names(9), names(undefined)]).toEqual([[], []]);
  });
});
