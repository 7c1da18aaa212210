import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { V1EndpointSlice } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { pod, service, timeAt } from '../testing/objects.ts';
import { desiredGroups } from './desired.ts';
import { planSlices } from './plan.ts';

const stored = (slice: V1EndpointSlice): Stored<V1EndpointSlice> => ({
  ...slice,
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    ...slice.metadata,
    name: slice.metadata?.name ?? '',
    uid: slice.metadata?.uid ?? `uid-${slice.metadata?.name}`,
    resourceVersion: '1',
    creationTimestamp: timeAt(0),
  },
});

/** Applies the plan as the server would. */
function apply(
  current: readonly Stored<V1EndpointSlice>[],
  ofService: ReturnType<typeof service>,
  pods: ReturnType<typeof pod>[],
) {
  const groups = desiredGroups(ofService, pods, () => undefined);
  const names = new Set(current.map(({ metadata }) => metadata.name));
  const plan = planSlices(ofService, groups, current, (name) => names.has(name));
  const updated = new Map(plan.update.map((slice) => [slice.metadata?.name, stored(slice)]));
  const gone = new Set(plan.remove.map(({ metadata }) => metadata.name));
  const next = current
    .filter(({ metadata }) => !gone.has(metadata.name))
    .map((slice) => updated.get(slice.metadata.name) ?? slice);
  return { plan, next: [...next, ...plan.create.map(stored)] };
}

const addresses = (slices: readonly V1EndpointSlice[]): string[] =>
  slices.flatMap(({ endpoints = [] }) => endpoints.flatMap((one) => one.addresses)).sort();

describe('endpoint slices', () => {
  it('say who is ready, who serves and who is going', () => {
    const pods = [
      pod('ready', { ip: '10.0.0.1', readyAtMs: 0, spec: { nodeName: 'n1' } }),
      pod('unready', { ip: '10.0.0.2' }),
      pod('going', { ip: '10.0.0.3', readyAtMs: 0, meta: { deletionTimestamp: timeAt(0) } }),
      pod('finished', { ip: '10.0.0.4', phase: 'Succeeded' }),
      pod('placeless'),
    ];
    const [slice] = apply([], service(), pods).next;
    expect(slice).toMatchObject({
      metadata: {
        labels: {
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [{ kind: 'Service', name: 'web', controller: true }],
      },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [
        { addresses: ['10.0.0.3'], conditions: { ready: false, serving: true, terminating: true } },
        {
          addresses: ['10.0.0.1'],
          nodeName: 'n1',
          conditions: { ready: true, serving: true, terminating: false },
          targetRef: { kind: 'Pod', name: 'ready', namespace: 'default', uid: 'uid-ready' },
        },
        { addresses: ['10.0.0.2'], conditions: { ready: false, serving: false, terminating: false } },
      ],
    });
    expect(slice?.endpoints).toHaveLength(3);
  });

  it('exist for a service without pods too', () => {
    const { next } = apply([], service(), []);
    expect(next).toHaveLength(1);
    expect(apply(next, service(), []).plan).toEqual({ create: [], update: [], remove: [] });
  });

  it('have a group for each meaning of a named port', () => {
    const named = service({ ports: [{ name: 'http', port: 80, targetPort: 'web' }] });
    const withPort = (name: string, ip: string, containerPort: number) =>
      pod(name, { ip, spec: { containers: [{ name: 'main', image: 'x', ports: [{ name: 'web', containerPort }] }] } });
    const { next } = apply([], named, [withPort('a', '10.0.0.1', 80), withPort('b', '10.0.0.2', 8080)]);
    expect(next.map(({ ports }) => ports?.[0]?.port).sort()).toEqual([80, 8080].sort());
  });

  it('gives the same names when it is asked twice, and avoids those that are taken', () => {
    const groups = desiredGroups(service(), [pod('a', { ip: '10.0.0.1' })], () => undefined);
    const name = (taken: (name: string) => boolean) =>
      planSlices(service(), groups, [], taken).create[0]?.metadata?.name;
    const first = name(() => false);
    expect(name(() => false)).toBe(first);
    expect(name((one) => one === first)).not.toBe(first);
    expect(first).toMatch(/^web-[a-z0-9]{5}$/);
  });

  it('hold each pod exactly once, at most 100 in one, and settle at once', () => {
    const sizes = fc.array(fc.nat({ max: 260 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(sizes, fc.nat({ max: 50 }), (counts, offset) => {
        let slices: readonly Stored<V1EndpointSlice>[] = [];
        for (const [round, count] of counts.entries()) {
          const pods = Array.from({ length: count }, (_, index) => {
            const number = index + round * offset;
            return pod(`p${number}`, { ip: `10.0.${number >> 8}.${number & 255}`, readyAtMs: 0 });
          });
          slices = apply(slices, service(), pods).next;
          expect(addresses(slices)).toEqual(pods.map(({ status }) => status?.podIP ?? '').sort());
          expect(Math.max(...slices.map(({ endpoints = [] }) => endpoints.length))).toBeLessThanOrEqual(100);
          expect(apply(slices, service(), pods).plan).toEqual({ create: [], update: [], remove: [] });
        }
      }),
      { numRuns: 40 },
    );
  });

  it('mend duplicates that two writers left behind', () => {
    const pods = [pod('a', { ip: '10.0.0.1', readyAtMs: 0 })];
    const one = apply([], service(), pods).next;
    const twin = one.map((slice) =>
      stored({ ...slice, metadata: { ...slice.metadata, name: 'web-twin', uid: 'twin' } }),
    );
    const { next } = apply([...one, ...twin], service(), pods);
    expect(addresses(next)).toEqual(['10.0.0.1']);
  });
});
