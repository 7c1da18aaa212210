import { ImageServiceService } from '#proto/generated/cri/images.ts';
import type { ImageRuntime } from '../runtime.ts';
import type { Connection } from './connection.ts';
import { fromFilesystem, fromImage } from './from-cri.ts';
import { ifPresent, timeouts } from './timeouts.ts';
import { toAuth, toImageSpec } from './to-cri.ts';

export function createCriImages(connection: Connection): ImageRuntime {
  const service = ImageServiceService;
  return {
    async imageStatus(image, signal) {
      const request = { image: toImageSpec(image), verbose: false };
      const found = await connection.call(service.imageStatus, request, { timeoutMs: timeouts.queryMs, signal });
      return found.image && fromImage(found.image);
    },
    async pullImage(image, auth, signal) {
      const request = { image: toImageSpec(image), auth: auth && toAuth(auth), sandboxConfig: undefined };
      const pulled = await connection.call(service.pullImage, request, { timeoutMs: timeouts.pullMs, signal });
      return pulled.imageRef;
    },
    async listImages(signal) {
      const request = { filter: undefined };
      const listed = await connection.call(service.listImages, request, { timeoutMs: timeouts.queryMs, signal });
      return listed.images.map(fromImage);
    },
    async removeImage(image, signal) {
      const request = { image: toImageSpec(image) };
      await ifPresent(connection.call(service.removeImage, request, { timeoutMs: timeouts.changeMs, signal }));
    },
    async imageFsUsage(signal) {
      const usage = await connection.call(service.imageFsInfo, {}, { timeoutMs: timeouts.queryMs, signal });
      return fromFilesystem(usage.imageFilesystems[0]);
    },
  };
}
