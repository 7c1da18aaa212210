import { describe, expect, it } from 'vitest';
import { deployments, pods, replicaSets } from '#api/kinds.ts';
import { deployment, pod, replicaSet, timeAt } from '../testing/objects.ts';
import { createOwnerGraph, graphNode } from './graph.ts';

const owner = (kind: string, name: string, blockOwnerDeletion = true) => ({
  apiVersion: 'apps/v1',
  kind,
  name,
  uid: `uid-${name}`,
  blockOwnerDeletion,
});
const setOf = (...owners: ReturnType<typeof owner>[]) =>
  graphNode(replicaSets, replicaSet('rs', 'one', 1, {}, { ownerReferences: owners }));
const web = (meta: object = {}) => graphNode(deployments, deployment({}, undefined, meta));

describe('the graph of owners', () => {
  it('asks to look at what is owned when it appears and when its owner goes', () => {
    const graph = createOwnerGraph();
    expect(graph.put(web())).toEqual([]);
    expect(graph.put(setOf(owner('Deployment', 'web')))).toEqual(['uid-rs']);
    expect(graph.put(setOf(owner('Deployment', 'web')))).toEqual([]);
    expect(graph.dependents('uid-web').map(({ uid }) => uid)).toEqual(['uid-rs']);
    expect(graph.remove('uid-web')).toEqual(['uid-rs']);
    expect(graph.remove('uid-web')).toEqual([]);
  });

  it('knows dependents whose owner it has not seen', () => {
    const graph = createOwnerGraph();
    graph.put(setOf(owner('Deployment', 'web')));
    expect(graph.dependents('uid-web')).toHaveLength(1);
    graph.put(setOf());
    expect(graph.dependents('uid-web')).toEqual([]);
  });

  it('brings a foreground deletion and everybody it waits for to attention, and the owner when one goes', () => {
    const graph = createOwnerGraph();
    graph.put(web());
    graph.put(setOf(owner('Deployment', 'web')));
    const going = { deletionTimestamp: timeAt(0), finalizers: ['foregroundDeletion'] };
    expect(graph.put(web(going)).toSorted()).toEqual(['uid-rs', 'uid-web']);
    expect(graph.put(setOf(owner('Deployment', 'web', false)))).toEqual(['uid-rs', 'uid-web']);
    expect(graph.remove('uid-rs')).toEqual(['uid-web']);
  });

  it('forgets what is gone', () => {
    const graph = createOwnerGraph();
    graph.put(web());
    graph.put(graphNode(pods, pod('p', { meta: { ownerReferences: [owner('ReplicaSet', 'rs')] } })));
    graph.remove('uid-p');
    graph.remove('uid-web');
    expect([graph.size, graph.dependents('uid-rs')]).toEqual([0, []]);
  });
});
