import { expect, test } from 'vitest';
import type { V1Endpoint, V1EndpointSlice, V1Pod, V1Service } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { type Seen, withdrawnAt } from './revision.ts';
import { createWatermarks } from './watermarks.ts';

const meta = (name: string, resourceVersion = '1') => ({
  name,
  namespace: 'default',
  uid: `uid-${name}`,
  resourceVersion,
  creationTimestamp: '2026-01-01T00:00:00Z',
});
const pod: Stored<V1Pod> = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...meta('web-1'), labels: { app: 'web' }, deletionTimestamp: '2026-01-01T00:00:30Z' },
};
const service = (name: string, spec: V1Service['spec'] = {}): Stored<V1Service> => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: meta(name),
  spec: { selector: { app: 'web' }, ...spec },
});
const endpoint = (ready: boolean, of = 'uid-web-1'): V1Endpoint => ({
  addresses: ['10.42.0.2'],
  conditions: { ready, terminating: !ready },
  targetRef: { kind: 'Pod', uid: of },
});
const slice = (name: string, version: number, ...endpoints: V1Endpoint[]): Stored<V1EndpointSlice> => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: meta(name, String(version)),
  addressType: 'IPv4',
  endpoints,
});

const at = (services: Stored<V1Service>[], slices: Record<string, Stored<V1EndpointSlice>[]>, seen: Seen = new Map()) =>
  withdrawnAt(pod, services, ({ metadata }) => slices[metadata.name] ?? [], seen);

test('the newest of the slices that say that the pod is going', () => {
  expect(at([service('a')], { a: [slice('a-1', 7, endpoint(false))] })).toBe(7n);
  const both = { a: [slice('a-1', 7, endpoint(false))], b: [slice('b-1', 12, endpoint(false))] };
  expect(at([service('a'), service('b')], both)).toBe(12n);
});

test('unknown while a slice still sends to it, or none has heard of it', () => {
  const both = { a: [slice('a-1', 7, endpoint(false))], b: [slice('b-1', 12, endpoint(true))] };
  expect(at([service('a'), service('b')], both)).toBeUndefined();
  expect(at([service('a')], {})).toBeUndefined();
  expect(at([service('a')], { a: [slice('a-1', 7, endpoint(false, 'uid-other'))] })).toBeUndefined();
  expect(at([service('a')], { a: [slice('a-1', 7, { ...endpoint(false), conditions: {} })] })).toBeUndefined();
});

test('nothing to withdraw where no service sends to it', () => {
  expect(at([service('a', { selector: { app: 'other' } })], {})).toBe(0n);
  expect(at([service('a', { publishNotReadyAddresses: true })], { a: [slice('a-1', 7, endpoint(true))] })).toBe(0n);
  expect(at([service('a', { type: 'ExternalName' })], {})).toBe(0n);
  const going = service('a');
  expect(at([{ ...going, metadata: { ...going.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }], {})).toBe(0n);
});

test('later changes of the same slice for other pods do not move the goal', () => {
  const seen: Seen = new Map();
  expect(at([service('a')], { a: [slice('a-1', 7, endpoint(false))] }, seen)).toBe(7n);
  expect(at([service('a')], { a: [slice('a-1', 99, endpoint(false), endpoint(true, 'uid-new'))] }, seen)).toBe(7n);
});

test('only nodes that live and acknowledge count', () => {
  const marks = createWatermarks();
  const node = (name: string, ready: string) => ({
    metadata: { name },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  });
  const lease = (name: string, applied?: string) => ({
    metadata: { name, annotations: applied === undefined ? {} : { 'berth.dev/endpoints-applied': applied } },
  });
  expect(marks.lowest()).toBeUndefined();
  for (const [name, applied] of [
    ['a', '10'],
    ['b', '7'],
    ['c', '3'],
    ['d', undefined],
    ['e', 'nonsense'],
  ] as const) {
    marks.setNode(node(name, 'True'));
    marks.setLease(lease(name, applied));
  }
  expect(marks.lowest()).toBe(3n);
  expect(marks.behind(8n)).toEqual(['b', 'c']);
  marks.setNode(node('c', 'Unknown'));
  expect(marks.lowest()).toBe(7n);
  marks.removeNode('b');
  expect(marks.lowest()).toBe(10n);
  marks.setNode(node('c', 'True'));
  expect(marks.lowest()).toBe(3n);
  marks.removeLease('c');
  expect(marks.lowest()).toBe(10n);
  marks.setLease(lease('a', '2'));
  expect(marks.lowest()).toBe(2n);
});
