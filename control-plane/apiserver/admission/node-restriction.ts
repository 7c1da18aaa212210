import { bootstrappersGroup, clientKubeletSigner, kubeletServingSigner, nodeNameOf } from '#api/certificates.ts';
import { certificateSigningRequests, events, leases, nodes, pods } from '#api/kinds.ts';
import { forbidden } from '#api/status-error.ts';
import type { AuthorizerObjects } from '../auth/objects.ts';
import type { AdmissionHook, AdmissionRequest } from '../registry/admission.ts';
import { equalJson } from '../registry/json-values.ts';
import { eventRefusal } from './node-restriction-event.ts';
import { nodeRefusal } from './node-restriction-node.ts';
import { isObjectOf } from './object-of.ts';

/**
 * The part of a node's rights that shows only in what it writes (the rest is auth/node-rules.ts): its own Node without labels
 * and taints that are others' to give, its own Lease, the status of its own pods and nothing else of them, events about itself
 * and its pods. Machines that join ask for a node's certificate and for no other.
 */
export function createNodeRestriction(objects: AuthorizerObjects): AdmissionHook {
  return {
    name: 'node-restriction',
    async admit(request) {
      const { user } = request.context;
      const nodeName = nodeNameOf(user);
      if (nodeName === undefined && !user.groups.includes(bootstrappersGroup)) return;
      const { type } = request.definition;
      const rule = rules.get(`${type.group}/${type.resource}`);
      const why = rule?.(request, nodeName ?? '', objects);
      if (why) throw forbidden(type, request.key.name, why);
    },
  };
}

/** Why not; undefined: nothing speaks against it. */
type Rule = (request: AdmissionRequest, nodeName: string, objects: AuthorizerObjects) => string | undefined;

const ofLease: Rule = ({ key }, nodeName) =>
  key.name === nodeName && key.namespace === 'kube-node-lease'
    ? undefined
    : `node ${JSON.stringify(nodeName)} may only write its own Lease`;

const ofPod: Rule = ({ operation, definition, subresource, object, old }, nodeName) => {
  if (operation === 'CREATE') return `node ${JSON.stringify(nodeName)} may not create pods`;
  if (!old || !isObjectOf(definition, pods, old) || old.spec?.nodeName !== nodeName) {
    return `node ${JSON.stringify(nodeName)} can only ${operation.toLowerCase()} pods with spec.nodeName set to itself`;
  }
  if (operation === 'DELETE') return undefined;
  if (subresource !== 'status') return `node ${JSON.stringify(nodeName)} can only update pod status`;
  for (const field of ['labels', 'finalizers', 'ownerReferences'] as const) {
    if (!same(object?.metadata?.[field], old.metadata?.[field])) {
      return `node ${JSON.stringify(nodeName)} cannot update ${field} through pod status`;
    }
  }
  return undefined;
};

const ofSigningRequest: Rule = ({ definition, operation, object }) => {
  if (operation !== 'CREATE' || !object) return 'it is the cluster that decides on certificate signing requests';
  if (!isObjectOf(definition, certificateSigningRequests, object)) return undefined;
  const signer = object.spec?.signerName ?? '';
  return nodeSigners.has(signer) ? undefined : `nodes may not ask for a certificate of ${JSON.stringify(signer)}`;
};

const nodeSigners = new Set([clientKubeletSigner, kubeletServingSigner]);

const same = (a: unknown, b: unknown): boolean => equalJson(a ?? null, b ?? null) || (isEmpty(a) && isEmpty(b));
const isEmpty = (value: unknown): boolean => value === undefined || Object.keys(Object(value)).length === 0;

const keyOf = ({ group, resource }: { readonly group: string; readonly resource: string }) => `${group}/${resource}`;

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  [keyOf(nodes), nodeRefusal],
  [keyOf(leases), ofLease],
  [keyOf(pods), ofPod],
  [keyOf(events), eventRefusal],
  [keyOf(certificateSigningRequests), ofSigningRequest],
]);
