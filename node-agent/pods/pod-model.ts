import { createHash } from 'node:crypto';
import type { V1Container, V1Pod, V1PodSpec } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';

/** A pod as the API server returns it; the server guarantees the spec. */
export type ApiPod = Stored<V1Pod>;

/**
 * `init` runs to its end before the next starts; `sidecar` is an init container that restarts always and stays;
 * `ephemeral` is added to a running pod for debugging and never restarts.
 */
export type ContainerRole = 'init' | 'sidecar' | 'main' | 'ephemeral';

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

export interface PodContainer {
  readonly role: ContainerRole;
  readonly spec: V1Container;
  readonly restartPolicy: RestartPolicy;
}

/** The spec of a pod; an object without one (which no server stores) has no containers. */
export const specOf = (pod: V1Pod): V1PodSpec => pod.spec ?? { containers: [] };

/** All containers in the order in which they start. */
export function containersOf(pod: V1Pod): readonly PodContainer[] {
  const spec = specOf(pod);
  const ofPod = restartPolicyFrom(spec.restartPolicy) ?? 'Always';
  const init = (spec.initContainers ?? []).map((container): PodContainer => {
    if (container.restartPolicy === 'Always') return { role: 'sidecar', spec: container, restartPolicy: 'Always' };
    const own = restartPolicyFrom(container.restartPolicy);
    return { role: 'init', spec: container, restartPolicy: own ?? (ofPod === 'Never' ? 'Never' : 'OnFailure') };
  });
  const main = spec.containers.map(
    (container): PodContainer => ({
      role: 'main',
      spec: container,
      restartPolicy: restartPolicyFrom(container.restartPolicy) ?? ofPod,
    }),
  );
  const ephemeral = (spec.ephemeralContainers ?? []).map(
    (container): PodContainer => ({ role: 'ephemeral', spec: container, restartPolicy: 'Never' }),
  );
  return [...init, ...main, ...ephemeral];
}

function restartPolicyFrom(text: string | undefined): RestartPolicy | undefined {
  return text === 'Always' || text === 'OnFailure' || text === 'Never' ? text : undefined;
}

/** Whether a container that ended with `exitCode` is to be started again. */
export function restartsAfter(container: PodContainer, exitCode: number): boolean {
  for (const rule of container.spec.restartPolicyRules ?? []) {
    const values = rule.exitCodes?.values ?? [];
    const listed = values.includes(exitCode);
    const matches = rule.exitCodes?.operator === 'NotIn' ? !listed : listed;
    if (matches && rule.action === 'Restart') return true;
  }
  if (container.restartPolicy === 'Always') return true;
  return container.restartPolicy === 'OnFailure' && exitCode !== 0;
}

/** Changes exactly when a running container no longer is what the spec asks for. */
export function containerHash(spec: V1Container): string {
  return createHash('sha256')
    .update(JSON.stringify([spec.name, spec.image]))
    .digest('hex')
    .slice(0, 16);
}

/** `name_namespace(uid)`, as the kubelet names a pod in its messages. */
export const podText = (pod: ApiPod): string =>
  `${pod.metadata.name}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid})`;

export const isHostNetwork = (pod: V1Pod): boolean => pod.spec?.hostNetwork === true;

export const isTerminalPhase = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';
