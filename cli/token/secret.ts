import { bootstrapTokenPrefix, bootstrapTokenType } from '#api/certificates.ts';
import type { V1Secret } from '#api/generated/types.ts';

export const tokenNamespace = 'kube-system';

export interface TokenFields {
  readonly id: string;
  readonly secret: string;
  readonly description: string | undefined;
  /** Milliseconds since the epoch; undefined: never. */
  readonly endsMs: number | undefined;
}

/** In kubeadm's format. */
export function tokenSecret({ id, secret, description, endsMs }: TokenFields): V1Secret {
  const fields = {
    'token-id': id,
    'token-secret': secret,
    'usage-bootstrap-authentication': 'true',
    ...(description !== undefined && { description }),
    ...(endsMs !== undefined && { expiration: new Date(endsMs).toISOString().replace(/\.\d+Z$/, 'Z') }),
  };
  const data = Object.entries(fields).map(([name, text]) => [name, Buffer.from(text).toString('base64')]);
  return {
    metadata: { namespace: tokenNamespace, name: `${bootstrapTokenPrefix}${id}` },
    type: bootstrapTokenType,
    data: Object.fromEntries(data),
  };
}

export interface ListedToken {
  readonly id: string;
  readonly description: string;
  readonly createdMs: number;
  /** Undefined: never. */
  readonly endsMs: number | undefined;
}

/** Everything but the secret; undefined when it is no token that machines join with. */
export function readTokenSecret({ metadata, data }: V1Secret): ListedToken | undefined {
  const field = (name: string): string => Buffer.from(data?.[name] ?? '', 'base64').toString('utf8');
  if (field('usage-bootstrap-authentication') !== 'true') return undefined;
  const expiration = field('expiration');
  return {
    id: field('token-id'),
    description: field('description'),
    createdMs: Date.parse(metadata?.creationTimestamp ?? ''),
    endsMs: expiration === '' ? undefined : Date.parse(expiration) || 0,
  };
}
