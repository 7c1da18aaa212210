import type { Clock } from '#base/clock.ts';
import type { PodImages } from '../pods/images.ts';
import type { ContainerRuntime } from '../runtime/runtime.ts';

/** Images by the runtime alone, without back-off: for tests of what stands above. */
export function createPlainImages(runtime: ContainerRuntime, clock: Clock): PodImages {
  return {
    async ensure({ container, emit }, signal) {
      const name = container.spec.image ?? '';
      try {
        let image = await runtime.imageStatus(name, signal);
        if (image) emit('Normal', 'Pulled', `Container image ${JSON.stringify(name)} already present on machine`);
        else {
          emit('Normal', 'Pulling', `Pulling image ${JSON.stringify(name)}`);
          await runtime.pullImage(name, undefined, signal);
          image = await runtime.imageStatus(name, signal);
        }
        if (!image) throw new Error('the image is not there after its pull');
        return { kind: 'ready', image: image.id, user: { uid: image.uid, username: image.username } };
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        emit('Warning', 'Failed', `Failed to pull image ${JSON.stringify(name)}: ${message}`);
        return { kind: 'failed', reason: 'ErrImagePull', message, retryAtMs: clock.now() + 10_000 };
      }
    },
  };
}
