import type { V1Container, V1Pod, V1PodSpec, V1PodTemplateSpec } from '../../generated/types.ts';

const deprecatedNodeLabels: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

export const podWarnings = (pod: V1Pod): string[] => specWarnings(pod.spec, 'spec', pod.metadata?.annotations);

export const templateWarnings = (template: V1PodTemplateSpec | undefined, field: string): string[] =>
  specWarnings(template?.spec, `${field}.spec`, template?.metadata?.annotations);

/** What is accepted but will not do what the user may think. */
function specWarnings(
  spec: V1PodSpec | undefined,
  field: string,
  annotations: Readonly<Record<string, string>> | undefined,
): string[] {
  if (!spec) return [];
  const warnings: string[] = [];
  for (const key of Object.keys(spec.nodeSelector ?? {})) {
    const why = deprecatedNodeLabels[key];
    if (why) warnings.push(`${field}.nodeSelector[${key}]: ${why}`);
  }
  for (const [index, volume] of (spec.volumes ?? []).entries()) {
    const path = `${field}.volumes[${index}]`;
    if (volume.gitRepo) warnings.push(`${path}.gitRepo: deprecated in v1.11`);
    if (volume.glusterfs)
      warnings.push(
        `${path}.glusterfs: deprecated in v1.25, this feature will be removed soon after in a subsequent release`,
      );
  }
  for (const [index, alias] of (spec.hostAliases ?? []).entries()) {
    const twin = (spec.hostAliases ?? []).findIndex((other) => other.ip === alias.ip);
    if (twin < index) warnings.push(`${field}.hostAliases[${index}].ip: duplicate ip ${JSON.stringify(alias.ip)}`);
  }
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    warnings.push(
      `${field}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  }
  for (const key of Object.keys(annotations ?? {})) {
    if (key.startsWith('container.apparmor.security.beta.kubernetes.io/')) {
      warnings.push(`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
    }
  }
  for (const kind of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (spec[kind] ?? []).entries()) {
      warnings.push(...containerWarnings(container, `${field}.${kind}[${index}]`));
    }
  }
  return warnings;
}

function containerWarnings(container: V1Container, field: string): string[] {
  const warnings: string[] = [];
  const env = container.env ?? [];
  for (const [index, variable] of env.entries()) {
    const first = env.findIndex((other) => other.name === variable.name);
    if (first < index) {
      const words = `hides previous definition of ${JSON.stringify(variable.name)}, which may be dropped when using apply`;
      warnings.push(`${field}.env[${index}]: ${words}`);
    }
  }
  const ports = container.ports ?? [];
  for (const [index, port] of ports.entries()) {
    const twin = ports.findIndex(
      (other) =>
        other.containerPort === port.containerPort &&
        other.protocol === port.protocol &&
        (other.hostPort ?? 0) === (port.hostPort ?? 0) &&
        (other.hostIP ?? '') === (port.hostIP ?? ''),
    );
    if (twin < index) warnings.push(`${field}.ports[${index}]: duplicate port definition with ${field}.ports[${twin}]`);
  }
  for (const kind of ['limits', 'requests'] as const) {
    const memory = container.resources?.[kind]?.memory;
    if (memory?.endsWith('m')) {
      warnings.push(
        `${field}.resources.${kind}[memory]: fractional byte value ${JSON.stringify(memory)} is invalid, must be an integer`,
      );
    }
  }
  return warnings;
}
