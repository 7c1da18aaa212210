import type { CoreV1Event, V1Pod } from '#api/generated/types.ts';
import * as kinds from '#api/kinds.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import { isNotFound } from '#api/status-error.ts';
import type { HttpClient } from '#client/http-client.ts';
import { isStored } from '#client/stored.ts';
import { budgetLines } from './budget.ts';
import { configMapLines, namespaceLines, secretLines } from './config.ts';
import { endpointSliceLines, endpointsLines } from './endpoints.ts';
import { sortEvents } from './events.ts';
import { genericLines } from './generic.ts';
import { nodeLines } from './node.ts';
import { podLines } from './pod.ts';
import { budgetProblems } from './problems/budget.ts';
import { nodeProblems, serviceProblems } from './problems/others.ts';
import { podProblems } from './problems/pod.ts';
import type { Problem } from './problems/problem.ts';
import { deploymentProblems, type PodView, statefulSetProblems, workloadProblems } from './problems/workload.ts';
import { serviceLines } from './service.ts';
import { daemonSetLines, deploymentLines, jobLines, replicaSetLines, statefulSetLines } from './workloads.ts';

export interface Description {
  readonly problems: readonly Problem[];
  readonly lines: readonly string[];
}

export interface DescribeContext {
  readonly client: HttpClient;
  /** Of the object, oldest first. */
  readonly events: readonly CoreV1Event[];
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** The object in words, with what else has to be read for that. */
export async function describeObject(context: DescribeContext, object: Stored<KubeObject>): Promise<Description> {
  const { client, events, nowMs, signal } = context;
  const plain = (lines: readonly string[]): Description => ({ problems: [], lines });
  if (isStored(kinds.pods, object)) return { problems: podProblems(object, events, nowMs), lines: podLines(object) };
  if (isStored(kinds.deployments, object)) {
    const [sets, pods] = await Promise.all([readSets(context, object), readPods(context, object)]);
    return { problems: deploymentProblems(object, pods, nowMs), lines: deploymentLines(object, sets) };
  }
  if (isStored(kinds.replicaSets, object)) {
    const pods = await readPods(context, object);
    const problems = workloadProblems(object.status?.conditions ?? [], pods, nowMs);
    return { problems, lines: replicaSetLines(object, pods.map(podOf)) };
  }
  if (isStored(kinds.statefulSets, object)) {
    const pods = await readPods(context, object);
    const problems = statefulSetProblems(object, pods, nowMs);
    return { problems, lines: statefulSetLines(object, pods.map(podOf)) };
  }
  if (isStored(kinds.daemonSets, object)) {
    const pods = await readPods(context, object);
    return { problems: workloadProblems([], pods, nowMs), lines: daemonSetLines(object, pods.map(podOf)) };
  }
  if (isStored(kinds.jobs, object)) {
    const pods = await readPods(context, object);
    return { problems: workloadProblems([], pods, nowMs), lines: jobLines(object) };
  }
  if (isStored(kinds.services, object)) {
    const { namespace, name } = object.metadata;
    const labelSelector = `kubernetes.io/service-name=${name}`;
    const { items } = await client.list(kinds.endpointSlices, { namespace, labelSelector, signal });
    return { problems: serviceProblems(object, items), lines: serviceLines(object, items) };
  }
  if (isStored(kinds.nodes, object)) {
    const { name } = object.metadata;
    const fieldSelector = `spec.nodeName=${name},status.phase!=Failed,status.phase!=Succeeded`;
    const key = { namespace: 'kube-node-lease', name };
    const [{ items }, lease] = await Promise.all([
      client.list(kinds.pods, { fieldSelector, signal }),
      client.get(kinds.leases, key, { signal }).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      }),
    ]);
    return { problems: nodeProblems(object), lines: nodeLines(object, items, lease, nowMs) };
  }
  if (isStored(kinds.podDisruptionBudgets, object)) {
    return { problems: budgetProblems(object), lines: budgetLines(object) };
  }
  if (isStored(kinds.namespaces, object)) return plain(namespaceLines(object));
  if (isStored(kinds.configMaps, object)) return plain(configMapLines(object));
  if (isStored(kinds.secrets, object)) return plain(secretLines(object));
  if (isStored(kinds.endpoints, object)) return plain(endpointsLines(object));
  if (isStored(kinds.endpointSlices, object)) return plain(endpointSliceLines(object));
  return plain(genericLines(object));
}

const podOf = ({ pod }: PodView): V1Pod => pod;

/** Those that it controls, or that what it controls controls; with their events, which are read at once. */
async function readPods({ client, signal }: DescribeContext, owner: Stored<KubeObject>): Promise<PodView[]> {
  const { namespace, uid } = owner.metadata;
  const isDeployment = isStored(kinds.deployments, owner);
  const [pods, sets, events] = await Promise.all([
    client.list(kinds.pods, { namespace, signal }),
    isDeployment ? readSets({ client, signal }, owner) : [],
    client.list(kinds.events, { namespace, fieldSelector: 'involvedObject.kind=Pod', signal }),
  ]);
  const uids = new Set([uid, ...sets.map((set) => set.metadata.uid)]);
  const sorted = sortEvents(events.items);
  return pods.items
    .filter((pod) => pod.metadata.ownerReferences?.some((one) => one.controller && uids.has(one.uid)))
    .map((pod) => ({ pod, events: sorted.filter((event) => event.involvedObject.uid === pod.metadata.uid) }));
}

async function readSets(
  { client, signal }: Pick<DescribeContext, 'client' | 'signal'>,
  { metadata: { namespace, uid } }: Stored<KubeObject>,
) {
  const { items } = await client.list(kinds.replicaSets, { namespace, signal });
  return items
    .filter((set) => set.metadata.ownerReferences?.some((one) => one.controller && one.uid === uid))
    .sort((a, b) => Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp));
}
