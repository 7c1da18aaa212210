import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { V1Node } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { createNodeCensus } from './census.ts';

const node = (name: string, zone: string, ready: boolean): Stored<V1Node> => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { 'topology.kubernetes.io/zone': zone },
  },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] },
});

const change = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  zone: fc.constantFrom('x', 'y'),
  what: fc.constantFrom('ready', 'lost', 'gone'),
});

it('counts after any changes what a look at all nodes would count', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const census = createNodeCensus();
      const known = new Map<string, { zone: string; ready: boolean }>();
      for (const { name, zone, what } of changes) {
        if (what === 'gone') {
          known.delete(name);
          census.remove(name);
        } else {
          known.set(name, { zone, ready: what === 'ready' });
          census.put(node(name, zone, what === 'ready'));
        }
      }
      const all = [...known];
      expect(census.size).toBe(all.length);
      expect([...census.lost.keys()].sort()).toEqual(all.flatMap(([name, { ready }]) => (ready ? [] : [name])).sort());
      for (const zone of ['x', 'y']) {
        expect(census.zoneSize(`/${zone}`)).toBe(all.filter(([, one]) => one.zone === zone).length);
      }
    }),
  );
});
