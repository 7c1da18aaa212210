/** The names that containerd has for images. */
import { ImagesService } from '#proto/generated/containerd/images.ts';
import type { Descriptor } from '../../images/transfer.ts';
import type { Connection } from '../cri/connection.ts';
import { ifPresent, timeouts } from '../cri/timeouts.ts';
import { isRuntimeError } from '../errors.ts';

export interface ImageNames {
  /** Makes the name, or moves it to this image. */
  set(name: string, target: Descriptor, labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void>;
  remove(name: string, signal: AbortSignal): Promise<void>;
  withLabel(label: string, signal: AbortSignal): Promise<readonly string[]>;
}

export function createImageNames(connection: Connection): ImageNames {
  const service = ImagesService;
  return {
    async set(name, { mediaType, digest, size }, labels, signal) {
      const options = { timeoutMs: timeouts.changeMs, signal };
      const target = { mediaType, digest, size: String(size), annotations: {} };
      const image = { name, labels: { ...labels }, target };
      try {
        await connection.call(service.create, { image }, options);
      } catch (error) {
        if (!isRuntimeError(error, 'already-exists')) throw error;
        const updateMask = ['target', ...Object.keys(labels).map((label) => `labels.${label}`)];
        await connection.call(service.update, { image, updateMask }, options);
      }
    },
    remove: (name, signal) =>
      ifPresent(connection.call(service.delete, { name, sync: true }, { timeoutMs: timeouts.changeMs, signal })),
    async withLabel(label, signal) {
      const filters = [`labels.${JSON.stringify(label)}`];
      const { images } = await connection.call(service.list, { filters }, { timeoutMs: timeouts.queryMs, signal });
      return images.map(({ name }) => name);
    },
  };
}
