import { registriesName } from '#api/certificates.ts';
import { clusterConfigName } from '#api/cluster-config.ts';
import { parseFieldSelector } from '#api/selectors/fields.ts';
import type { UserInfo } from '../registry/registry.ts';
import type { Attributes, ResourceAttributes } from './attributes.ts';
import type { Decision } from './decision.ts';
import type { AuthorizerObjects } from './objects.ts';
import { referencesOf } from './pod-references.ts';

interface NodeCaller {
  readonly user: UserInfo;
  readonly nodeName: string;
}

type Rule = (caller: NodeCaller, asked: ResourceAttributes, objects: AuthorizerObjects) => Decision;

/**
 * What a node may do: read and write what concerns itself and the pods bound to it, and read what every node needs. What a
 * request is about may stand in its body only; admission (node-restriction) checks that part.
 */
export function authorizeNode(caller: NodeCaller, asked: Attributes, objects: AuthorizerObjects): Decision {
  if (asked.kind === 'path') return refused('');
  const { group, resource, subresource } = asked;
  const rule = rules.get(`${group}/${resource}${subresource ? `/${subresource}` : ''}`);
  return rule ? rule(caller, asked, objects) : refused(`nodes have no business with ${resource}`);
}

const allowed: Decision = { allowed: true, reason: '' };
const refused = (reason: string): Decision => ({ allowed: false, reason });

const reads = new Set(['get', 'list', 'watch']);

const readable: Rule = (_caller, { verb }) => (reads.has(verb) ? allowed : refused('nodes may only read it'));

const creatable: Rule = (_caller, { verb }) => (verb === 'create' ? allowed : refused('nodes may only create it'));

/** `POST` carries the name in the body: admission looks at it. */
const ownObject =
  (what: string, verbs: ReadonlySet<string>): Rule =>
  ({ nodeName }, { verb, name }) => {
    if (!verbs.has(verb)) return refused(`nodes may not ${verb} ${what}`);
    if (name === nodeName || (verb === 'create' && name === undefined)) return allowed;
    return refused(`node ${JSON.stringify(nodeName)} may only ${verb} its own ${what}`);
  };

const ownNode = ownObject('Node', new Set(['create', 'update', 'patch', 'delete']));
const nodes: Rule = (caller, asked, objects) => (reads.has(asked.verb) ? allowed : ownNode(caller, asked, objects));
const nodeStatus = ownObject('Node', new Set(['update', 'patch']));

const ownLease = ownObject('Lease', new Set(['get', 'create', 'update', 'patch', 'delete']));
const leases: Rule = (caller, asked, objects) =>
  asked.namespace === 'kube-node-lease'
    ? ownLease(caller, asked, objects)
    : refused('a node has its Lease in the namespace kube-node-lease, and no other');

const pods: Rule = (caller, asked, objects) => {
  switch (asked.verb) {
    case 'list':
    case 'watch':
      return selects(asked.fieldSelector, 'spec.nodeName', caller.nodeName)
        ? allowed
        : refused(`can only list and watch pods with the field selector spec.nodeName=${caller.nodeName}`);
    case 'get':
    case 'delete':
      return ownPod(caller, asked, objects);
    default:
      return refused(`nodes may not ${asked.verb} pods`);
  }
};

const podVerbs =
  (...verbs: readonly string[]): Rule =>
  (caller, asked, objects) =>
    verbs.includes(asked.verb) ? ownPod(caller, asked, objects) : refused(`nodes may not ${asked.verb} it`);

const ownPod: Rule = ({ nodeName }, { namespace = '', name = '' }, objects) => {
  const pod = objects.pod(namespace, name);
  if (!pod) return { allowed: false, reason: 'there is no such pod', unseen: true, missing: true };
  if (pod.spec?.nodeName === nodeName) return allowed;
  // A pod that was bound just now.
  const unseen = !pod.spec?.nodeName;
  return { allowed: false, reason: noRelation(nodeName, 'this pod'), ...(unseen && { unseen }) };
};

/** What a node may read since a pod bound to it names it: one by one, never all of a namespace. */
const referenced =
  (...verbs: readonly string[]): Rule =>
  ({ nodeName }, { verb, resource, namespace = '', name }, objects) => {
    if (!verbs.includes(verb)) return refused(`nodes may only read ${resource} that their pods use`);
    if (!name) return refused(`can only read individual ${resource}, by name or field selector metadata.name=…`);
    const wanted = `${resource}/${name}`;
    const isNamed = objects
      .podsOn(nodeName)
      .some((pod) => pod.metadata?.namespace === namespace && referencesOf(pod).has(wanted));
    return isNamed ? allowed : { allowed: false, reason: noRelation(nodeName, 'this object'), unseen: true };
  };

/** Objects of the cluster that every node may read, beside those of its pods. */
const exceptFor =
  (special: { readonly namespace: string; readonly name: string }, rule: Rule): Rule =>
  (caller, asked, objects) =>
    reads.has(asked.verb) && asked.name === special.name && asked.namespace === special.namespace
      ? allowed
      : rule(caller, asked, objects);

export const ownSigningRequest = (
  { name: userName }: UserInfo,
  { verb, name }: ResourceAttributes,
  objects: AuthorizerObjects,
): Decision => {
  if (verb === 'create') return allowed;
  if (!reads.has(verb)) return refused(`may not ${verb} certificate signing requests`);
  if (!name) return refused('can only read its own certificate signing requests, by name');
  const request = objects.signingRequest(name);
  if (!request) return { allowed: false, reason: 'there is no such request', unseen: true, missing: true };
  return request.spec?.username === userName ? allowed : refused('it is the certificate signing request of another');
};

/** All requirements of a selector hold at once, so one that demands this value is enough. */
function selects(fieldSelector: string | undefined, field: string, value: string): boolean {
  if (!fieldSelector) return false;
  const plain = fieldSelector === `${field}=${value}`;
  return (
    plain ||
    readSelector(fieldSelector).some((one) => one.field === field && one.operator === '=' && one.value === value)
  );
}

function readSelector(text: string) {
  try {
    return parseFieldSelector(text).requirements;
  } catch {
    return [];
  }
}

const noRelation = (nodeName: string, what: string): string =>
  `no relationship found between node ${JSON.stringify(nodeName)} and ${what}`;

const secretReads = referenced('get', 'list', 'watch');

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['/nodes', nodes],
  ['/nodes/status', nodeStatus],
  ['coordination.k8s.io/leases', leases],
  ['/pods', pods],
  ['/pods/status', podVerbs('update', 'patch')],
  ['/pods/eviction', podVerbs('create')],
  ['/secrets', exceptFor(registriesName, secretReads)],
  ['/configmaps', exceptFor(clusterConfigName, secretReads)],
  ['/persistentvolumeclaims', referenced('get')],
  ['/services', readable],
  ['/namespaces', readable],
  ['discovery.k8s.io/endpointslices', readable],
  ['storage.k8s.io/csidrivers', readable],
  ['node.k8s.io/runtimeclasses', readable],
  ['/events', (_caller, { verb }) => (eventVerbs.has(verb) ? allowed : refused('nodes only tell of events'))],
  [
    'events.k8s.io/events',
    (_caller, { verb }) => (eventVerbs.has(verb) ? allowed : refused('nodes only tell of events')),
  ],
  [
    'certificates.k8s.io/certificatesigningrequests',
    ({ user }, asked, objects) => ownSigningRequest(user, asked, objects),
  ],
  ['authentication.k8s.io/tokenreviews', creatable],
  ['authorization.k8s.io/subjectaccessreviews', creatable],
  ['authorization.k8s.io/localsubjectaccessreviews', creatable],
]);

const eventVerbs = new Set(['create', 'patch', 'update']);
