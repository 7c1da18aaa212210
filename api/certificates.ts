/** Names that whoever asks for, approves, signs and believes certificates must agree on. */

export const clientKubeletSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
export const kubeletServingSigner = 'kubernetes.io/kubelet-serving';
/** Signed only after a person has approved it. */
export const clientSigner = 'kubernetes.io/kube-apiserver-client';

/** Common names by which an API server shows itself to agents: ours, and Kubernetes'. Nobody else gets them. */
export const apiServerNames: readonly string[] = ['berth-apiserver', 'kube-apiserver-kubelet-client'];

export const nodesGroup = 'system:nodes';
export const nodeUserPrefix = 'system:node:';
export const bootstrappersGroup = 'system:bootstrappers';
export const bootstrapUserPrefix = 'system:bootstrap:';

export const nodeUser = (nodeName: string): string => `${nodeUserPrefix}${nodeName}`;

/** The node that a user is; undefined when it is none. Both the name and the group must say so. */
export function nodeNameOf(user: { readonly name: string; readonly groups: readonly string[] }): string | undefined {
  if (!user.name.startsWith(nodeUserPrefix) || !user.groups.includes(nodesGroup)) return undefined;
  return user.name.slice(nodeUserPrefix.length) || undefined;
}

/**
 * Certificates begin this long before they are issued: a clock that is a little behind must not reject a new one. All of ours
 * do, so that the beginning tells when one was issued.
 */
export const certificateBackdateMs = 300_000;

/** No certificate of ours lives longer. */
export const certificateDaysMax = 366;

/** In a node's CertificateSigningRequest: when the certificate was issued that it was made with (RFC 3339). */
export const certificateIssuedExtra = 'berth.dev/certificate-issued';

/** Node name → when its certificates were revoked (RFC 3339, with milliseconds): those issued until then are refused. */
export const revokedNodesName = { namespace: 'kube-system', name: 'berth-revoked-nodes' } as const;

/** Secrets of this type hold tokens by which machines join. */
export const bootstrapTokenType = 'bootstrap.kubernetes.io/token';
export const bootstrapTokenPrefix = 'bootstrap-token-';

/** How nodes log in to container registries: one setting of the cluster, which every node may read. */
export const registriesName = { namespace: 'kube-system', name: 'berth-registries' } as const;
