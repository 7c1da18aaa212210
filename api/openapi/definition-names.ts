/** Which Go package each model comes from: clients know definitions by names like `io.k8s.api.core.v1.Pod`. */
import * as kinds from '../kinds.ts';
import { goTypeOf } from '../schema/plan.ts';
import { allSchemas, type Schema, schemaOf } from '../schema/schemas.ts';

const metaPackage = 'io.k8s.apimachinery.pkg.apis.meta.v1';

const metaModels = [
  'APIGroup',
  'APIGroupList',
  'APIResource',
  'APIResourceList',
  'APIVersions',
  'Condition',
  'DeleteOptions',
  'FieldSelectorRequirement',
  'GroupResource',
  'GroupVersionForDiscovery',
  'LabelSelector',
  'LabelSelectorRequirement',
  'ListMeta',
  'ManagedFieldsEntry',
  'ObjectMeta',
  'OwnerReference',
  'Preconditions',
  'ServerAddressByClientCIDR',
  'ShardInfo',
  'Status',
  'StatusCause',
  'StatusDetails',
  'WatchEvent',
];

/** What the kinds alone do not tell: bodies of subresources, and models that only other groups use. */
const otherRoots: readonly (readonly [string, string, string])[] = [
  ['', 'v1', 'V1TopologySelectorTerm'],
  ['resource.k8s.io', 'v1', 'V1ResourceClaimList'],
  ['autoscaling', 'v1', 'V1Scale'],
  ['policy', 'v1', 'V1Eviction'],
  ['authentication.k8s.io', 'v1', 'AuthenticationV1TokenRequest'],
];

const packages: Readonly<Record<string, string>> = {
  '': 'io.k8s.api.core',
  'apiextensions.k8s.io': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  'apiregistration.k8s.io': 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
};

/** `io.k8s.api.rbac.v1` for rbac.authorization.k8s.io; groups of custom resources are reversed: `com.example.v1`. */
export function packageOf(group: string, version: string): string {
  const known = packages[group];
  if (known !== undefined) return `${known}.${version}`;
  const builtIn = !group.includes('.') || group.endsWith('.k8s.io');
  return `${builtIn ? `io.k8s.api.${group.split('.')[0]}` : group.split('.').reverse().join('.')}.${version}`;
}

/** `Pod` for V1Pod, `Event` for EventsV1Event. */
export const structNameOf = (model: string): string => goTypeOf({ kind: 'model', model }).split('.')[1] ?? model;

let names: ReadonlyMap<string, string> | undefined;

/** Throws for a model that does not exist. */
export function definitionName(model: string): string {
  names ??= computeNames();
  const name = names.get(model);
  if (name === undefined) throw new Error(`there is no model ${model}`);
  return name;
}

/** A model belongs to the group whose kinds reach it; core wins, since the other groups build on it. */
function computeNames(): Map<string, string> {
  const out = new Map(metaModels.map((name) => [`V1${name}`, `${metaPackage}.${name}`]));
  const roots = Object.values(kinds)
    .filter((type) => type.model !== undefined)
    .map((type) => [type.group, type.version, type.model ?? ''] as const);
  const core = roots.filter(([group]) => group === '');
  const others = roots.filter(([group]) => group !== '');
  for (const [group, version, model] of [...core, ...otherRoots, ...others]) {
    claim(model, packageOf(group, version), out);
    claim(`${model}List`, packageOf(group, version), out);
  }
  for (const model of Object.keys(allSchemas())) claim(model, packageOf('', 'v1'), out);
  return out;
}

function claim(model: string, inPackage: string, out: Map<string, string>): void {
  const schema = schemaOf(model);
  if (!schema || out.has(model)) return;
  out.set(model, `${inPackage}.${structNameOf(model)}`);
  for (const field of Object.values(schema.properties ?? {})) {
    const reached = refOf(field);
    if (reached) claim(reached, inPackage, out);
  }
}

const refOf = (schema: Schema): string | undefined =>
  schema.$ref ??
  (schema.items && refOf(schema.items)) ??
  (schema.additionalProperties && refOf(schema.additionalProperties));
