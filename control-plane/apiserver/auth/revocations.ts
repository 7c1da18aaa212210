import { certificateBackdateMs, nodeUserPrefix } from '#api/certificates.ts';
import type { V1ConfigMap } from '#api/generated/types.ts';
import type { Peer } from '../http/message.ts';

/** Which certificates of nodes are refused although they have not ended: those issued before the node was removed. */
export interface Revocations {
  isRevoked(peer: Peer): boolean;
}

/** `read` gives the record of removed nodes as it is now, without waiting. */
export function createRevocations(read: () => V1ConfigMap | undefined): Revocations {
  let parsed: { readonly from: V1ConfigMap; readonly times: ReadonlyMap<string, number> } | undefined;

  const times = (): ReadonlyMap<string, number> => {
    const from = read();
    if (!from) return none;
    if (parsed?.from !== from) {
      const entries = Object.entries(from.data ?? {}).map(([name, time]): [string, number] => [name, timeOf(time)]);
      parsed = { from, times: new Map(entries) };
    }
    return parsed.times;
  };

  return {
    isRevoked(peer) {
      if (peer.kind !== 'certificate' || !peer.commonName.startsWith(nodeUserPrefix)) return false;
      const revokedMs = times().get(peer.commonName.slice(nodeUserPrefix.length));
      if (revokedMs === undefined) return false;
      return peer.beginsMs === undefined || peer.beginsMs + certificateBackdateMs <= revokedMs;
    },
  };
}

const none: ReadonlyMap<string, number> = new Map();

/** A time that cannot be read revokes everything: better one machine that has to join again than one too many. */
function timeOf(text: string): number {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms;
}
