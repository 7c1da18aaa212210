/**
 * What a machine needs to join: `<id>.<secret>.<hash>`. The first two parts are the bearer token that it shows to the server
 * (kubeadm's bootstrap token); the third, the SHA-256 of the cluster's CA certificate (DER, in hexadecimal), is how it knows
 * that the server is the right one.
 */
export interface JoinToken {
  /** 6 characters, not secret. */
  readonly id: string;
  /** 16 characters. */
  readonly secret: string;
  /** 64 hexadecimal digits. */
  readonly caHash: string;
}

const bearerPattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;

/** Throws an Error that says what is wrong with it. */
export function parseJoinToken(text: string): JoinToken {
  const parts = text.trim().split('.');
  const refuse = (why: string): never => {
    throw new Error(`this is not a join token: ${why}. Print a new one on the server with: berth token create`);
  };
  const [id = '', secret = '', caHash = ''] = parts;
  if (parts.length !== 3) return refuse(`it has ${parts.length} parts between dots and not 3`);
  if (!/^[a-z0-9]{6}$/.test(id)) return refuse('its first part must be 6 small letters and digits');
  if (!/^[a-z0-9]{16}$/.test(secret)) return refuse('its second part must be 16 small letters and digits');
  if (!/^[0-9a-f]{64}$/.test(caHash)) return refuse('its third part must be 64 hexadecimal digits');
  return { id, secret, caHash };
}

export const formatJoinToken = ({ id, secret, caHash }: JoinToken): string => `${id}.${secret}.${caHash}`;

/** What goes into the Authorization header. */
export const bearerOf = ({ id, secret }: Pick<JoinToken, 'id' | 'secret'>): string => `${id}.${secret}`;

/** Undefined when it does not have the form of one. */
export function parseBearer(text: string): Pick<JoinToken, 'id' | 'secret'> | undefined {
  const [, id, secret] = bearerPattern.exec(text) ?? [];
  return id !== undefined && secret !== undefined ? { id, secret } : undefined;
}
