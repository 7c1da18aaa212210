import type { TLSSocket } from 'node:tls';
import type { Peer } from './message.ts';

/** What the handshake told of the client. The socket must ask for certificates without refusing bad ones by itself. */
export function peerOf(socket: Pick<TLSSocket, 'getPeerCertificate' | 'authorized' | 'authorizationError'>): Peer {
  const certificate = socket.getPeerCertificate();
  // Without a certificate Node answers an empty object.
  if (!certificate || Object.keys(certificate).length === 0) return { kind: 'anonymous' };
  if (!socket.authorized) return { kind: 'rejected', why: String(socket.authorizationError) };
  const { CN, O } = certificate.subject;
  return {
    kind: 'certificate',
    commonName: listOf(CN)[0] ?? '',
    organizations: listOf(O),
    beginsMs: timeOf(certificate.valid_from),
    endsMs: timeOf(certificate.valid_to),
  };
}

/** `Nov 21 00:00:00 2026 GMT`. */
function timeOf(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

const listOf = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];
