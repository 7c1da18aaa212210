import { tooManyRequests } from '#api/status-error.ts';
import type { ServerMetrics } from '../metrics/metrics.ts';

export interface InFlightLimits {
  readonly readOnlyMax: number;
  readonly mutatingMax: number;
}

/** kube-apiserver's own defaults. */
export const defaultInFlightLimits: InFlightLimits = { readOnlyMax: 400, mutatingMax: 200 };

export interface InFlight {
  /** Takes a place; throws 429 when there is none. The returned function gives it back. `path`: as requested, without its query. */
  enter(method: string, path: string): () => void;
}

/** Small, of one writer each, and with a time limit of their own. */
const nodeLeases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/';

/** Bounds the requests that are worked on at once, so that a flood is turned away and not piled up. */
export function createInFlight(limits: InFlightLimits, metrics: ServerMetrics): InFlight {
  const counts = { readOnly: 0, mutating: 0 };
  return {
    enter(method, path) {
      // A node that cannot say that it lives, because others ask for too much, would lose its pods.
      if (path.startsWith(nodeLeases)) return () => {};
      const kind = method === 'GET' || method === 'HEAD' ? 'readOnly' : 'mutating';
      if (counts[kind] >= (kind === 'readOnly' ? limits.readOnlyMax : limits.mutatingMax)) {
        metrics.rejected();
        throw tooManyRequests('too many requests, please try again later', 1);
      }
      counts[kind]++;
      metrics.inFlight(kind, 1);
      return () => {
        counts[kind]--;
        metrics.inFlight(kind, -1);
      };
    },
  };
}
