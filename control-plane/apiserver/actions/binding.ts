import { fieldNotSupported, fieldRequired } from '#api/field-error.ts';
import type { V1Pod, V1PodCondition } from '#api/generated/types.ts';
import { bindings, pods } from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import { conflict, invalid, notFound } from '#api/status-error.ts';
import type { Action } from './action.ts';
import { asType } from './of-type.ts';
import { success } from './success.ts';

/** Puts a pod on a node: sets spec.nodeName once, the PodScheduled condition, and the binding's labels and annotations. */
export const bindPod: Action = async (host, context, key, body, options) => {
  const registry = host.registry(pods.group, pods.version, pods.resource);
  if (!registry) throw notFound(pods, key.name);
  const binding = asType(bindings, { apiVersion: 'v1', kind: 'Binding', ...body });
  const { kind, name: nodeName } = binding.target ?? {};
  if (kind && kind !== 'Node') {
    throw invalid('Binding', '', key.name, [fieldNotSupported('target.kind', kind, ['Node', '<empty>'])]);
  }
  if (!nodeName) throw invalid('Binding', '', key.name, [fieldRequired('target.name')]);
  const time = new Date(host.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const change = (current: KubeObject): KubeObject => {
    const pod = asType(pods, current);
    const { uid, resourceVersion } = binding.metadata ?? {};
    checkBindable(pod, key.name, uid);
    const bound: V1Pod = {
      ...pod,
      metadata: {
        ...pod.metadata,
        ...(resourceVersion && { resourceVersion }),
        annotations: { ...pod.metadata?.annotations, ...binding.metadata?.annotations },
        labels: { ...pod.metadata?.labels, ...binding.metadata?.labels },
      },
      spec: { ...pod.spec, containers: pod.spec?.containers ?? [], nodeName },
      status: { ...pod.status, conditions: withScheduled(pod.status?.conditions ?? [], time) },
    };
    return bound;
  };
  await registry.modify(context, key, change, { ...options, subresource: 'binding' });
  return success(201);
};

function checkBindable(pod: V1Pod, name: string, uid: string | undefined): void {
  if (uid && uid !== pod.metadata?.uid) {
    throw conflict(
      pods,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata?.uid}`,
    );
  }
  if (pod.metadata?.deletionTimestamp) {
    throw conflict(pods, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  }
  if (pod.spec?.nodeName) {
    throw conflict(pods, name, `pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
  }
}

function withScheduled(conditions: readonly V1PodCondition[], time: string): V1PodCondition[] {
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled');
  const since = scheduled?.status === 'True' ? (scheduled.lastTransitionTime ?? time) : time;
  return [
    ...conditions.filter(({ type }) => type !== 'PodScheduled'),
    { type: 'PodScheduled', status: 'True', lastTransitionTime: since },
  ];
}
