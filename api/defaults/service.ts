import type { V1Service, V1ServiceSpec } from '../generated/types.ts';

const affinitySecondsDefault = 10_800;

export const isExternallyAccessible = (spec: V1ServiceSpec): boolean =>
  spec.type === 'LoadBalancer' ||
  spec.type === 'NodePort' ||
  (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);

export function defaultService(service: V1Service): void {
  service.spec ??= {};
  const { spec, status } = service;
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: affinitySecondsDefault } };
  }
  spec.type ||= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'LoadBalancer') return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const ingress of status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
}

/**
 * What the server fills in before it allocates: clusterIP and clusterIPs are two views of one thing, families follow.
 * `family` of the service network; a dual-stack network is not ours yet.
 */
export function normaliseClusterIPs(service: V1Service, old: V1Service | undefined): void {
  const { spec } = service;
  if (!spec) return;
  if (spec.type === 'ExternalName') {
    if (old?.spec && old.spec.type !== 'ExternalName') dropAddresses(spec, old.spec);
    return;
  }
  const before = old?.spec;
  if (before && before.type !== 'ExternalName') {
    // A PUT that leaves out what was allocated keeps it.
    if (spec.clusterIP === undefined && spec.clusterIPs === undefined) {
      spec.clusterIP = before.clusterIP;
      spec.clusterIPs = before.clusterIPs && [...before.clusterIPs];
    } else if (spec.clusterIP !== before.clusterIP && sameList(spec.clusterIPs, before.clusterIPs)) {
      spec.clusterIPs = spec.clusterIP ? [spec.clusterIP, ...(spec.clusterIPs ?? []).slice(1)] : [];
    }
    spec.ipFamilies ??= before.ipFamilies && [...before.ipFamilies];
    spec.ipFamilyPolicy ??= before.ipFamilyPolicy;
  }
  if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
  if (!spec.clusterIP && spec.clusterIPs?.[0]) spec.clusterIP = spec.clusterIPs[0];
  spec.ipFamilies ??= ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
}

/** Only what the user did not set anew. */
function dropAddresses(spec: V1ServiceSpec, before: V1ServiceSpec): void {
  if (spec.clusterIP === before.clusterIP) delete spec.clusterIP;
  if (sameList(spec.clusterIPs, before.clusterIPs)) delete spec.clusterIPs;
  if (sameList(spec.ipFamilies, before.ipFamilies)) delete spec.ipFamilies;
  if (spec.ipFamilyPolicy === before.ipFamilyPolicy) delete spec.ipFamilyPolicy;
}

const sameList = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
  JSON.stringify(a ?? []) === JSON.stringify(b ?? []);

/**
 * Changing the type alone must be enough: what belongs to the old type goes, unless the user changed it in the same write
 * (then validation tells that it does not fit).
 */
export function dropFieldsOfOldType({ spec }: V1Service, { spec: before }: V1Service): void {
  if (!spec || !before) return;
  const hasNodePorts = (one: V1ServiceSpec) => one.type === 'NodePort' || one.type === 'LoadBalancer';
  if (hasNodePorts(before) && !hasNodePorts(spec)) {
    const old = new Set((before.ports ?? []).map(({ nodePort }) => nodePort));
    for (const port of spec.ports ?? []) if (old.has(port.nodePort)) delete port.nodePort;
  }
  const drop = (name: keyof V1ServiceSpec, belongs: (one: V1ServiceSpec) => boolean) => {
    if (belongs(before) && !belongs(spec) && spec[name] === before[name]) delete spec[name];
  };
  const isBalanced = (one: V1ServiceSpec) => one.type === 'LoadBalancer';
  drop('externalTrafficPolicy', isExternallyAccessible);
  drop('allocateLoadBalancerNodePorts', isBalanced);
  drop('loadBalancerClass', isBalanced);
  drop('healthCheckNodePort', (one) => isBalanced(one) && one.externalTrafficPolicy === 'Local');
  drop('externalName', (one) => one.type === 'ExternalName');
}
