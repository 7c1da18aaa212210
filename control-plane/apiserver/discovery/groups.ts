import type { ResourceDefinition } from '../resource-definition.ts';

/** One API group with its versions, best first. */
export interface ApiGroup {
  readonly name: string;
  readonly versions: readonly ApiVersion[];
}

export interface ApiVersion {
  readonly version: string;
  readonly definitions: readonly ResourceDefinition[];
}

/** The order in which clients look for a kind: a name that several groups have belongs to the first. As kube-apiserver's. */
const priority = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'resource.k8s.io',
];

const rank = (group: string): number => {
  const index = priority.indexOf(group);
  return index < 0 ? priority.length : index;
};

/** All groups in order of priority, the core group (its name empty) first. */
export function groupsOf(definitions: readonly ResourceDefinition[]): ApiGroup[] {
  const byGroup = Map.groupBy(definitions, ({ type }) => type.group);
  return [...byGroup]
    .map(([name, members]) => ({ name, versions: versionsOf(members) }))
    .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name));
}

function versionsOf(definitions: readonly ResourceDefinition[]): ApiVersion[] {
  return [...Map.groupBy(definitions, ({ type }) => type.version)]
    .map(([version, members]) => ({
      version,
      definitions: members.toSorted((a, b) => (a.type.resource < b.type.resource ? -1 : 1)),
    }))
    .sort((a, b) => compareVersions(a.version, b.version));
}

const stages = ['alpha', 'beta', ''];

/** Negative when `a` is to be preferred: stable before beta before alpha, then the higher number. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  if (!left || !right) return left ? -1 : right ? 1 : a.localeCompare(b);
  for (const [index, value] of left.entries()) {
    const difference = (right[index] ?? 0) - value;
    if (difference) return difference;
  }
  return 0;
}

function parseVersion(version: string): number[] | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  return match ? [stages.indexOf(match[2] ?? ''), Number(match[1]), Number(match[3] ?? 0)] : undefined;
}
