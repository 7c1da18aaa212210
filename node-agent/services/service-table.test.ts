import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { V1Endpoint, V1EndpointSlice, V1Service } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { markAt, parseChainName } from '../network/pick-chains.ts';
import { keepPlaces } from './endpoints.ts';
import { createServiceTable, type ServiceObjects } from './service-table.ts';

/** Where the table leads a connection, as the kernel would look it up. */
function follow(elements: ReadonlyMap<string, string>, place: string, inside: boolean) {
  const byNode = place.split(' . ').length === 2;
  const verdict =
    (inside ? elements.get(`${byNode ? 'node_inside' : 'inside'} ${place}`) : undefined) ??
    elements.get(`${byNode ? 'node_ports' : 'services'} ${place}`);
  if (verdict === undefined) return { refused: elements.get(`${byNode ? 'node_unserved' : 'unserved'} ${place}`) };
  const chain = parseChainName(verdict.slice('goto '.length));
  if (!chain) throw new Error(`${place} leads to ${verdict}`);
  const prefix = byNode ? 'node_' : '';
  const endpoints = Array.from({ length: chain.count }, (_, index) => {
    const mark = String(markAt(index, chain));
    if (!chain.stickySeconds) return elements.get(`${prefix}endpoints ${place} . ${mark}`);
    return elements.get(`${prefix}sticky ${place} . ${elements.get(`${prefix}picks ${place} . ${mark}`)}`);
  });
  return { endpoints: endpoints.toSorted(), masquerade: chain.masquerade, by: chain.by, sticky: chain.stickySeconds };
}

const address = fc.nat({ max: 30 }).map((n) => `10.42.${n % 3}.${n}`);
const endpointArbitrary: fc.Arbitrary<V1Endpoint> = fc.record({
  addresses: fc.tuple(address).map((list) => [...list]),
  conditions: fc.record(
    { ready: fc.boolean(), serving: fc.boolean(), terminating: fc.boolean() },
    { requiredKeys: [] },
  ),
  nodeName: fc.constantFrom('here', 'there'),
});
const sliceArbitrary: fc.Arbitrary<V1EndpointSlice> = fc.record({
  addressType: fc.constant('IPv4'),
  ports: fc.subarray([
    { name: 'web', port: 8080, protocol: 'TCP' },
    { name: 'dns', port: 53, protocol: 'UDP' },
  ]),
  endpoints: fc.array(endpointArbitrary, { maxLength: 8 }),
});
const policy = fc.constantFrom('Cluster', 'Local');
const serviceArbitrary = fc.record({
  index: fc.nat({ max: 4 }),
  type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer'),
  internalTrafficPolicy: policy,
  externalTrafficPolicy: policy,
  sessionAffinity: fc.constantFrom('None', 'ClientIP'),
  slices: fc.array(sliceArbitrary, { maxLength: 3 }),
});
type Drawn = typeof serviceArbitrary extends fc.Arbitrary<infer T> ? T : never;

function objectsOf({ index, slices, ...spec }: Drawn): ServiceObjects {
  const nodePorts = spec.type !== 'ClusterIP';
  const service: Stored<V1Service> = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: `s${index}`,
      namespace: 'd',
      uid: `${index}`,
      resourceVersion: '1',
      creationTimestamp: `${index}`,
    },
    spec: {
      ...spec,
      clusterIP: `10.43.0.${index + 1}`,
      // Shared by all: the oldest has it.
      externalIPs: ['192.0.2.1'],
      ports: [
        { name: 'web', port: 80, protocol: 'TCP', ...(nodePorts && { nodePort: 30_000 + index }) },
        { name: 'dns', port: 53, protocol: 'UDP', ...(nodePorts && { nodePort: 30_000 + index }) },
      ],
    },
    status: { loadBalancer: { ingress: [{ ip: `203.0.113.${index}`, ipMode: 'VIP' }] } },
  };
  return { service, slices };
}

/** Said again in the simplest way. */
function expected({ slices }: ServiceObjects, name: string, local: boolean): string[] {
  const port = name === 'web' ? 8080 : 53;
  const all = slices
    .filter(({ ports }) => ports?.some((one) => one.name === name))
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ nodeName, addresses }) => {
      const same = (one: V1Endpoint) => one.addresses[0] === addresses[0] && one.nodeName === 'here';
      const listed = slices.filter(({ ports }) => ports?.some((one) => one.name === name));
      return !local || nodeName === 'here' || listed.some(({ endpoints }) => endpoints?.some(same));
    });
  const ready = all.filter(({ conditions }) => conditions?.ready ?? true);
  const last = all.filter(
    ({ conditions }) => (conditions?.serving ?? conditions?.ready ?? true) && conditions?.terminating === true,
  );
  const chosen = ready.length > 0 ? ready : last;
  return [...new Set(chosen.map(({ addresses }) => `${addresses[0]} . ${port}`))].sort();
}

describe('the table of services', () => {
  it('leads every address of a service to exactly those that may serve it, whatever happened before', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(serviceArbitrary, fc.boolean()), { minLength: 1, maxLength: 12 }), (steps) => {
        const table = createServiceTable('here');
        const now = new Map<string, ServiceObjects>();
        const elements = new Map<string, string>();
        for (const [drawn, gone] of steps) {
          const objects = objectsOf(drawn);
          const key = `d/s${drawn.index}`;
          if (gone) now.delete(key);
          else now.set(key, objects);
          const changes = table.update(new Map([[key, gone ? undefined : objects]]));
          for (const { before, elements: after } of changes.values()) {
            for (const place of before.keys()) if (!after?.has(place)) elements.delete(place);
          }
          for (const change of changes.values()) {
            for (const [place, value] of change.elements ?? []) elements.set(place, value);
          }
        }
        const oldest = [...now.keys()].sort()[0];
        for (const [key, objects] of now) {
          const { spec, status } = objects.service;
          for (const { name = '', port, protocol = '', nodePort } of spec?.ports ?? []) {
            const check = (place: string, of: string | undefined, inside: boolean, masquerade: boolean): void => {
              const wanted = expected(objects, name, of === 'Local' && !inside);
              const found = follow(elements, place, inside);
              if (wanted.length > 0) {
                expect(found).toMatchObject({ endpoints: wanted, masquerade });
                expect(found.sticky).toBe(spec?.sessionAffinity === 'ClientIP' ? 10_800 : undefined);
              } else if (!inside) {
                const elsewhere = expected(objects, name, false).length > 0;
                expect(found.refused).toBe(elsewhere ? 'drop' : 'goto refuse');
              }
            };
            const end = `${protocol.toLowerCase()} . ${port}`;
            const internal = spec?.internalTrafficPolicy;
            check(`${spec?.clusterIP} . ${end}`, internal, false, false);
            const external = spec?.externalTrafficPolicy;
            const places = [
              ...(key === oldest ? [`192.0.2.1 . ${end}`] : []),
              ...(spec?.type === 'LoadBalancer' ? [`${status?.loadBalancer?.ingress?.[0]?.ip} . ${end}`] : []),
              ...(nodePort ? [`${protocol.toLowerCase()} . ${nodePort}`] : []),
            ];
            for (const place of places) {
              check(place, external, false, external === 'Cluster');
              if (external === 'Local') check(place, external, true, false);
            }
          }
        }
        if (now.size === 0) expect(elements.size).toBe(0);
        // Nothing of what was before is left: the same services, known from the beginning, have as many elements.
        const anew = createServiceTable('here').update(now);
        const size = [...anew.values()].reduce((sum, change) => sum + (change.elements?.size ?? 0), 0);
        expect(elements.size).toBe(size);
      }),
      { numRuns: 300 },
    );
  });

  it('says why a service is not served, and nothing of those that need no rules', () => {
    const table = createServiceTable('here');
    const { service } = objectsOf({
      index: 1,
      type: 'ClusterIP',
      internalTrafficPolicy: 'Cluster',
      externalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      slices: [],
    });
    const of = (spec: V1Service['spec']): ServiceObjects => ({ service: { ...service, spec }, slices: [] });
    const update = (spec: V1Service['spec']) => table.update(new Map([['d/s1', of(spec)]]));
    expect(update({ clusterIP: 'fd00::1', ports: [{ port: 80 }] }).size).toBe(0);
    expect(table.problem('d/s1')).toContain('IPv6');
    expect(update({ clusterIP: 'None', ports: [{ port: 80 }] }).size).toBe(0);
    expect(update({ type: 'ExternalName', externalName: 'example.org' }).size).toBe(0);
    expect(table.problem('d/s1')).toBeUndefined();
  });

  it.each(['service-proxy-name', 'headless'])('leaves a service with the label %s to others', (label) => {
    const table = createServiceTable('here');
    const objects = objectsOf({
      index: 1,
      type: 'ClusterIP',
      internalTrafficPolicy: 'Cluster',
      externalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      slices: [],
    });
    const { service } = objects;
    const labelled = { ...service.metadata, labels: { [`service.kubernetes.io/${label}`]: '' } };
    const update = (metadata: typeof service.metadata) =>
      table.update(new Map([['d/s1', { ...objects, service: { ...service, metadata } }]])).get('d/s1');
    expect(update(labelled)).toBeUndefined();
    expect(update(service.metadata)?.elements?.size).toBeGreaterThan(0);
    expect(update(labelled)?.elements).toBeUndefined();
  });

  it('takes nothing into the rules that is no address or port', () => {
    const table = createServiceTable('here');
    const hostile = '10.42.0.1 } ; flush ruleset; {';
    const { service } = objectsOf({
      index: 1,
      type: 'NodePort',
      internalTrafficPolicy: 'Cluster',
      externalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      slices: [],
    });
    const slice: V1EndpointSlice = {
      addressType: 'IPv4',
      ports: [
        { name: 'web', port: 80.5, protocol: 'TCP' },
        { name: 'dns', port: 53, protocol: 'UDP' },
      ],
      endpoints: [{ addresses: [hostile] }, { addresses: ['10.42.0.256'] }, { addresses: [] }],
    };
    const spec: V1Service['spec'] = {
      ...service.spec,
      externalIPs: [hostile],
      loadBalancerSourceRanges: [hostile],
      ports: [
        ...(service.spec?.ports ?? []),
        { name: 'x', port: 70_000, protocol: 'TCP' },
        { port: 1, protocol: hostile },
      ],
    };
    const changes = table.update(new Map([['d/s1', { service: { ...service, spec }, slices: [slice] }]]));
    const text = [...changes.values()].flatMap(({ elements }) => [...(elements ?? [])]).join('\n');
    expect(text).not.toMatch(/flush|256|70000|80\.5/);
  });
});

describe('keepPlaces', () => {
  it('holds each wanted one once, and moves as few as can be', () => {
    const lists = fc.uniqueArray(fc.nat({ max: 20 }).map(String), { maxLength: 12 });
    fc.assert(
      fc.property(lists, lists, (before, wanted) => {
        const places = keepPlaces(before, wanted);
        expect(places.toSorted()).toEqual(wanted.toSorted());
        const stay = before.filter((one, index) => wanted.includes(one) && index < wanted.length);
        for (const one of stay) expect(places.indexOf(one)).toBe(before.indexOf(one));
      }),
    );
  });
});
