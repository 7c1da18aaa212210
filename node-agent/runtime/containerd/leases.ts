import { LeasesService } from '#proto/generated/containerd/leases.ts';
import type { Connection } from '../cri/connection.ts';
import { timeouts } from '../cri/timeouts.ts';
import { isRuntimeError } from '../errors.ts';

/** What keeps blobs and snapshots from containerd's garbage collection until something else does. */
export interface Leases {
  /** One that is there already stays as it is. It ends by itself at `expiresMs`, milliseconds since the epoch. */
  take(id: string, expiresMs: number, signal: AbortSignal): Promise<void>;
  keepBlob(id: string, digest: string, signal: AbortSignal): Promise<void>;
  release(id: string, signal?: AbortSignal): Promise<void>;
}

export function createLeases(connection: Connection): Leases {
  const service = LeasesService;
  return {
    async take(id, expiresMs, signal) {
      const labels = { 'containerd.io/gc.expire': new Date(expiresMs).toISOString() };
      try {
        await connection.call(service.create, { id, labels }, { timeoutMs: timeouts.queryMs, signal });
      } catch (error) {
        if (!isRuntimeError(error, 'already-exists')) throw error;
      }
    },
    async keepBlob(id, digest, signal) {
      const resource = { id: digest, type: 'content' };
      await connection.call(service.addResource, { id, resource }, { timeoutMs: timeouts.queryMs, signal });
    },
    async release(id, signal) {
      try {
        await connection.call(service.delete, { id, sync: false }, { timeoutMs: timeouts.changeMs, signal });
      } catch (error) {
        if (!isRuntimeError(error, 'not-found')) throw error;
      }
    },
  };
}
