import type { PeerCertificate, TLSSocket } from 'node:tls';
import { apiServerNames } from '#api/certificates.ts';
import { RefusedError } from './refused.ts';

/** Who a client's certificate says it is. */
export interface Caller {
  readonly name: string;
  readonly groups: readonly string[];
}

/** The API server, and administrators. */
export const isTrusted = ({ name, groups }: Caller): boolean =>
  apiServerNames.includes(name) || groups.includes('system:masters');

/** The caller of a connection. Throws a RefusedError: 401 without a certificate of our CA, 403 for one that may not. */
export function authorize(socket: TLSSocket, mayCall: (caller: Caller) => boolean): Caller {
  if (!socket.authorized) throw new RefusedError(401, 'Unauthorized');
  const caller = readCaller(socket.getPeerCertificate());
  if (!mayCall(caller)) throw new RefusedError(403, `Forbidden (user=${caller.name}, verb=proxy, resource=nodes)`);
  return caller;
}

function readCaller({ subject }: PeerCertificate): Caller {
  // A subject that is given twice comes as a list.
  const all = (value: string | string[] | undefined): readonly string[] =>
    value === undefined ? [] : Array.isArray(value) ? value : [value];
  return { name: all(subject?.CN)[0] ?? '', groups: all(subject?.O) };
}
