import { isIP } from 'node:net';
import {
  apiServerNames,
  bootstrappersGroup,
  certificateIssuedExtra,
  clientKubeletSigner,
  clientSigner,
  kubeletServingSigner,
  nodeNameOf,
  nodesGroup,
  nodeUser,
  nodeUserPrefix,
} from '#api/certificates.ts';
import type { V1CertificateSigningRequest } from '#api/generated/types.ts';
import { dnsSubdomainErrors } from '#api/names.ts';
import type { ParsedRequest } from './request.ts';

/** What a request is about, once its form is right. */
export interface NodeRequest {
  readonly nodeName: string;
  readonly kind: 'client' | 'serving';
  /** How the one who asks is known: by a join token, or as the node itself. */
  readonly by: 'bootstrapper' | 'node';
}

export type FormVerdict =
  | { readonly kind: 'well-formed'; readonly request: NodeRequest }
  /** Asked by somebody whose requests a person decides on. */
  | { readonly kind: 'not-ours' }
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string };

type Spec = V1CertificateSigningRequest['spec'];

const refused = (reason: string, message: string): FormVerdict => ({ kind: 'refused', reason, message });

/** Whether requests of this signer and this requestor are decided on here. */
export function isOurs(spec: Spec): boolean {
  if (spec.signerName !== clientKubeletSigner && spec.signerName !== kubeletServingSigner) return false;
  return requestorOf(spec) !== undefined;
}

function requestorOf({ username = '', groups = [] }: Spec): { by: NodeRequest['by']; nodeName?: string } | undefined {
  const nodeName = nodeNameOf({ name: username, groups });
  if (nodeName !== undefined) return { by: 'node', nodeName };
  return groups.includes(bootstrappersGroup) ? { by: 'bootstrapper' } : undefined;
}

/** Pure: is it, in form, a request that a node or a joining machine may make? */
export function judgeForm(spec: Spec, parsed: ParsedRequest): FormVerdict {
  const requestor = requestorOf(spec);
  if (!requestor || !isOurs(spec)) return { kind: 'not-ours' };
  const wrong = nodeFormError(spec.signerName, spec.usages ?? [], parsed);
  if (wrong) return refused('BadRequest', wrong);
  const nodeName = (parsed.commonNames[0] ?? '').slice(nodeUserPrefix.length);
  const kind = spec.signerName === kubeletServingSigner ? 'serving' : 'client';
  if (requestor.by === 'node' && requestor.nodeName !== nodeName) {
    return refused(
      'NotItself',
      `node ${quoted(requestor.nodeName ?? '')} may not ask for a certificate of another node`,
    );
  }
  if (requestor.by === 'bootstrapper' && kind === 'serving') {
    return refused('NotItself', 'a serving certificate is for the node itself to ask for, with its client certificate');
  }
  return { kind: 'well-formed', request: { nodeName, kind, by: requestor.by } };
}

/** What is wrong with a request to a signer of nodes' certificates; undefined: nothing. */
export function nodeFormError(signer: string, usages: readonly string[], parsed: ParsedRequest): string | undefined {
  const { commonNames, organizations, otherNameParts, dnsNames, addresses, otherAlternatives } = parsed;
  const [commonName = ''] = commonNames;
  if (commonNames.length !== 1 || !commonName.startsWith(nodeUserPrefix)) {
    return `the common name must be ${nodeUser('<node>')}`;
  }
  if (!isDnsSubdomain(commonName.slice(nodeUserPrefix.length))) return 'the common name must end in the name of a node';
  if (organizations.length !== 1 || organizations[0] !== nodesGroup) return `the organization must be ${nodesGroup}`;
  if (otherNameParts.length > 0) return `the subject must not have ${otherNameParts.join(', ')}`;
  const isServing = signer === kubeletServingSigner;
  const usage = isServing ? 'server auth' : 'client auth';
  if (!isExactly(usages, usage)) return `the usages must be digital signature and ${usage}`;
  if (otherAlternatives.length > 0) return `it must not have alternative names of type ${otherAlternatives.join(', ')}`;
  const hosts = dnsNames.length + addresses.length;
  if (isServing && hosts === 0) return 'a serving certificate needs the names and addresses of the node';
  if (!isServing && hosts > 0) return 'a client certificate must not have alternative names';
  if (dnsNames.some((name) => !isDnsSubdomain(name.toLowerCase()))) return 'it has a name that is none, or a wildcard';
  if (addresses.some((address) => isIP(address) === 0)) return 'it has an address that is none';
  return undefined;
}

const isExactly = (usages: readonly string[], usage: string): boolean =>
  usages.includes('digital signature') &&
  usages.includes(usage) &&
  usages.every((one) => one === 'digital signature' || one === usage || one === 'key encipherment');

/** What forbids to sign a request that somebody has approved; undefined: nothing. */
export function signingError(spec: Spec, parsed: ParsedRequest): string | undefined {
  const usages = spec.usages ?? [];
  if (spec.signerName !== clientSigner) return nodeFormError(spec.signerName, usages, parsed);
  if (!isClientUse(usages)) return 'the usages must be client auth, and digital signature or key encipherment';
  if (parsed.commonNames.length !== 1) return 'the subject must have one common name';
  if (parsed.organizations.includes('system:masters'))
    return 'certificates of the group system:masters are not given out';
  const [name = ''] = parsed.commonNames;
  if (apiServerNames.includes(name)) return `the name ${name} is the API server's own`;
  return undefined;
}

/** Why a node that has asked may have nothing any more: it was removed since. Undefined: it was not. */
export function removalError(spec: Spec, revokedMs: number | undefined): string | undefined {
  const issuedMs = Date.parse(spec.extra?.[certificateIssuedExtra]?.[0] ?? '');
  if (revokedMs === undefined || !(issuedMs <= revokedMs)) return undefined;
  return 'the node was removed from the cluster since it asked';
}

const isClientUse = (usages: readonly string[]): boolean =>
  usages.includes('client auth') &&
  usages.every((one) => one === 'client auth' || one === 'digital signature' || one === 'key encipherment');

const isDnsSubdomain = (text: string): boolean => dnsSubdomainErrors(text).length === 0;

export const quoted = (text: string): string => JSON.stringify(text);
