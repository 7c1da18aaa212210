import type {
  RbacV1Subject,
  V1ClusterRoleBinding,
  V1IngressClass,
  V1LimitRange,
  V1MutatingWebhookConfiguration,
  V1NetworkPolicy,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1PriorityClass,
  V1RoleBinding,
  V1StorageClass,
  V1ValidatingWebhookConfiguration,
  V2HorizontalPodAutoscaler,
} from '../generated/types.ts';

const rbacGroup = 'rbac.authorization.k8s.io';

export function defaultBinding(binding: V1RoleBinding | V1ClusterRoleBinding): void {
  if (binding.roleRef) binding.roleRef.apiGroup ||= rbacGroup;
  const subjects: RbacV1Subject[] = binding.subjects ?? [];
  for (const subject of subjects) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacGroup;
  }
}

export function defaultNetworkPolicy({ spec }: V1NetworkPolicy): void {
  if (!spec) return;
  spec.podSelector ??= {};
  for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
  }
  if (spec.policyTypes?.length) return;
  spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
}

export function defaultIngressClass({ spec }: V1IngressClass): void {
  if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
}

export function defaultVolume(volume: V1PersistentVolume): void {
  volume.status ??= {};
  volume.status.phase ||= 'Pending';
  if (!volume.spec) return;
  volume.spec.persistentVolumeReclaimPolicy ||= 'Retain';
  volume.spec.volumeMode ??= 'Filesystem';
  if (volume.spec.hostPath) volume.spec.hostPath.type ??= '';
}

export function defaultClaim(claim: V1PersistentVolumeClaim): void {
  claim.status ??= {};
  claim.status.phase ||= 'Pending';
  if (!claim.spec) return;
  claim.spec.volumeMode ??= 'Filesystem';
  const { dataSource, dataSourceRef } = claim.spec;
  if (dataSource && !dataSourceRef) claim.spec.dataSourceRef = { ...dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { namespace: _, ...local } = dataSourceRef;
    claim.spec.dataSource = local;
  }
}

export function defaultStorageClass(storage: V1StorageClass): void {
  storage.reclaimPolicy ??= 'Delete';
  storage.volumeBindingMode ??= 'Immediate';
}

export function defaultPriorityClass(priority: V1PriorityClass): void {
  priority.value ??= 0;
  priority.preemptionPolicy ??= 'PreemptLowerPriority';
}

/** Where only part of the limits of a container is given, the rest follows from it. */
export function defaultLimitRange({ spec }: V1LimitRange): void {
  for (const limit of spec?.limits ?? []) {
    if (limit.type !== 'Container') continue;
    limit.default = { ...limit.max, ...limit.default };
    limit.defaultRequest = { ...limit.min, ...limit.default, ...limit.defaultRequest };
  }
}

const cpuPercent = 80;

export function defaultAutoscaler({ spec }: V2HorizontalPodAutoscaler): void {
  if (!spec) return;
  spec.minReplicas ??= 1;
  if (!spec.metrics?.length) {
    const target = { type: 'Utilization', averageUtilization: cpuPercent };
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
  }
  if (!spec.behavior) return;
  const up = {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  };
  const down = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };
  spec.behavior.scaleUp = { ...up, ...defined(spec.behavior.scaleUp) };
  spec.behavior.scaleDown = { ...down, ...defined(spec.behavior.scaleDown) };
}

/** Without the fields that say undefined: they would hide a default. */
function defined<T extends object>(value: T | undefined): Partial<T> {
  const kept: Partial<T> = { ...value };
  for (const key in kept) if (kept[key] === undefined) delete kept[key];
  return kept;
}

type Webhooks = V1ValidatingWebhookConfiguration['webhooks'];

export function defaultValidatingWebhooks(configuration: { webhooks?: Webhooks }): void {
  for (const webhook of configuration.webhooks ?? []) {
    webhook.failurePolicy ??= 'Fail';
    webhook.matchPolicy ??= 'Equivalent';
    webhook.namespaceSelector ??= {};
    webhook.objectSelector ??= {};
    webhook.timeoutSeconds ??= 10;
    if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443;
    for (const rule of webhook.rules ?? []) rule.scope ??= '*';
  }
}

export function defaultMutatingWebhooks(configuration: V1MutatingWebhookConfiguration): void {
  defaultValidatingWebhooks(configuration);
  for (const webhook of configuration.webhooks ?? []) webhook.reinvocationPolicy ??= 'Never';
}
