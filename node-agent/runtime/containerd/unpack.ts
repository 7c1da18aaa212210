/** Unpacking of layers into containerd's snapshots, so that the first container starts as fast as all others. */
import { createHash } from 'node:crypto';
import { DiffService } from '#proto/generated/containerd/diff.ts';
import { SnapshotsService } from '#proto/generated/containerd/snapshots.ts';
import type { Descriptor } from '../../images/transfer.ts';
import type { Connection } from '../cri/connection.ts';
import { ifPresent, timeouts } from '../cri/timeouts.ts';
import { isRuntimeError, RuntimeError } from '../errors.ts';

/** What containerd's CRI puts containers on; our containerd.toml says the same. */
export const snapshotter = 'overlayfs';

export interface Unpacker {
  /**
   * Unpacks what is not unpacked yet; resolves with the snapshot of the whole. `diffIds`: the digests that the layers must
   * have uncompressed. The lease keeps the snapshots until an image does.
   */
  unpack(
    layers: readonly Descriptor[],
    diffIds: readonly string[],
    lease: string,
    signal: AbortSignal,
  ): Promise<string | undefined>;
}

export function createUnpacker(connection: Connection, uniqueId: () => string): Unpacker {
  const has = async (key: string, signal: AbortSignal): Promise<boolean> => {
    try {
      await connection.call(SnapshotsService.stat, { snapshotter, key }, { timeoutMs: timeouts.queryMs, signal });
      return true;
    } catch (error) {
      if (isRuntimeError(error, 'not-found')) return false;
      throw error;
    }
  };

  const unpackLayer = async (
    layer: Descriptor,
    diffId: string,
    place: { readonly name: string; readonly parent: string },
    lease: string,
    signal: AbortSignal,
  ): Promise<void> => {
    const headers = { 'containerd-lease': lease };
    const change = { timeoutMs: timeouts.changeMs, signal, headers };
    const { name, parent } = place;
    const key = `berth-unpack-${uniqueId()} ${name}`;
    const prepare = { snapshotter, key, parent, labels: {} };
    const { mounts } = await connection.call(SnapshotsService.prepare, prepare, change);
    try {
      const { mediaType, digest, size } = layer;
      const diff = { mediaType, digest, size: String(size), annotations: {} };
      const { applied } = await connection.call(
        DiffService.apply,
        { diff, mounts },
        { timeoutMs: timeouts.pullMs, signal, headers },
      );
      if (applied?.digest !== diffId) {
        throw new RuntimeError('invalid', `layer ${digest} unpacks to ${applied?.digest}, but must be ${diffId}`);
      }
      await connection.call(SnapshotsService.commit, { snapshotter, name, key, labels: {} }, change);
    } catch (error) {
      // Not under the caller's signal: what was half unpacked must not stay because he went away.
      await ifPresent(
        connection.call(SnapshotsService.remove, { snapshotter, key }, { timeoutMs: timeouts.changeMs }),
      ).catch(() => undefined);
      if (!isRuntimeError(error, 'already-exists')) throw error;
    }
  };

  return {
    async unpack(layers, diffIds, lease, signal) {
      if (layers.length !== diffIds.length) {
        throw new RuntimeError(
          'invalid',
          `the manifest has ${layers.length} layers, but the configuration ${diffIds.length}`,
        );
      }
      let parent = '';
      for (const [index, diffId] of diffIds.entries()) {
        const layer = layers[index];
        const name = chainId(parent, diffId);
        if (layer && !(await has(name, signal))) await unpackLayer(layer, diffId, { name, parent }, lease, signal);
        parent = name;
      }
      return parent || undefined;
    },
  };
}

/** The name of a layer together with all those beneath it, as the OCI image specification computes it. */
export const chainId = (parent: string, diffId: string): string =>
  parent === '' ? diffId : `sha256:${createHash('sha256').update(`${parent} ${diffId}`).digest('hex')}`;
