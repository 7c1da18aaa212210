/** Makes the images of containers present, as their pull policies say, with Kubernetes' events and reasons. */

import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/error-message.ts';
import type { ImageOutcome, ImageRequest, PodImages } from '../pods/images.ts';
import type { Image, ImageAuth, ImageRuntime } from '../runtime/runtime.ts';
import { createBackOff } from './back-off.ts';
import { explainPull } from './explain-pull.ts';
import { createPullQueue } from './pull-queue.ts';
import { findAuths } from './pull-secrets.ts';
import { defaultPullPolicy, parseImageName } from './reference.ts';

export interface ImageManagerOptions {
  readonly runtime: Pick<ImageRuntime, 'imageStatus' | 'pullImage'>;
  readonly clock: Clock;
  /** The cluster's own credentials for an image; tried after the pod's. @default none */
  readonly registryAuths?: ((image: string) => readonly ImageAuth[]) | undefined;
  /** Pulls at once. @default 4 */
  readonly pullsMax?: number | undefined;
}

const defaultPullsMax = 4;
const backOffInitialMs = 10_000;
const backOffMaxMs = 300_000;
/** The failure itself is shown this long, before the status turns to waiting for the next try. */
const failureShownMs = 3_000;
/** A name that is none stays one until the pod is changed. */
const hopelessRetryMs = 300_000;
/** The runtime, not the registry, is the trouble. */
const inspectRetryMs = 5_000;

export function createImageManager(options: ImageManagerOptions): PodImages {
  const { runtime, clock, pullsMax = defaultPullsMax } = options;
  const queue = createPullQueue(runtime, clock, pullsMax);
  const backOff = createBackOff(clock, backOffInitialMs, backOffMaxMs);
  /** Why the last pull of a key failed; kept as long as the back-off is. */
  const failures = new Map<string, string>();

  const ready = (image: Image): ImageOutcome => ({
    kind: 'ready',
    image: image.id,
    user: { uid: image.uid, username: image.username },
  });
  const failed = (reason: string, message: string, retryAtMs: number): ImageOutcome => ({
    kind: 'failed',
    reason,
    message,
    retryAtMs,
  });

  const pull = async (name: string, request: ImageRequest, key: string, signal: AbortSignal): Promise<ImageOutcome> => {
    const { emit } = request;
    const startMs = clock.monotonicMs();
    emit('Normal', 'Pulling', `Pulling image "${name}"`);
    try {
      const auths = [...findAuths(name, request.pullSecrets), ...(options.registryAuths?.(name) ?? [])];
      const { reference, pullMs } = await queue.pull(name, auths, signal);
      const image = (await runtime.imageStatus(reference, signal)) ?? (await runtime.imageStatus(name, signal));
      if (!image) throw new Error('the image was pulled, but is not there');
      backOff.succeeded(key);
      failures.delete(key);
      const took = `${formatDuration(pullMs)} (${formatDuration(clock.monotonicMs() - startMs)} including waiting)`;
      emit('Normal', 'Pulled', `Successfully pulled image "${name}" in ${took}. Image size: ${image.sizeBytes} bytes.`);
      return ready(image);
    } catch (error) {
      if (signal.aborted) throw error;
      const message = explainPull(name, messageOf(error));
      backOff.failed(key);
      remember(failures, key, message);
      emit('Warning', 'Failed', `Failed to pull image "${name}": ${message}`);
      emit('Warning', 'Failed', 'Error: ErrImagePull');
      return failed('ErrImagePull', message, clock.now() + failureShownMs);
    }
  };

  return {
    async ensure(request, signal) {
      const { emit, pod, container } = request;
      const name = container.spec.image ?? '';
      if (!parseImageName(name)) {
        const message = `Failed to apply default image tag "${name}": couldn't parse image name "${name}": invalid reference format`;
        emit('Warning', 'InspectFailed', message);
        emit('Warning', 'Failed', 'Error: InvalidImageName');
        return failed('InvalidImageName', message, clock.now() + hopelessRetryMs);
      }
      let present: Image | undefined;
      try {
        present = await runtime.imageStatus(name, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        const message = `Failed to inspect image "${name}": ${messageOf(error)}`;
        emit('Warning', 'InspectFailed', message);
        return failed('ImageInspectError', message, clock.now() + inspectRetryMs);
      }
      const policy = container.spec.imagePullPolicy ?? defaultPullPolicy(name);
      if (present && policy !== 'Always') {
        emit('Normal', 'Pulled', `Container image "${name}" already present on machine`);
        return ready(present);
      }
      if (policy === 'Never') {
        const message = `Container image "${name}" is not present with pull policy of Never`;
        emit('Warning', 'ErrImageNeverPull', message);
        emit('Warning', 'Failed', 'Error: ErrImageNeverPull');
        return failed('ErrImageNeverPull', message, clock.now() + backOffInitialMs);
      }
      const key = `${pod.metadata.uid}_${name}`;
      const waitUntilMs = backOff.waitUntilMs(key);
      if (waitUntilMs !== undefined) {
        const message = `Back-off pulling image "${name}"`;
        const last = failures.get(key);
        emit('Normal', 'BackOff', message);
        emit('Warning', 'Failed', 'Error: ImagePullBackOff');
        return failed('ImagePullBackOff', last ? `${message}: ErrImagePull: ${last}` : message, waitUntilMs);
      }
      return pull(name, request, key, signal);
    },
  };
}

const failuresMax = 1000;

function remember(failures: Map<string, string>, key: string, message: string): void {
  failures.delete(key);
  failures.set(key, message);
  for (const oldest of failures.keys()) {
    if (failures.size <= failuresMax) break;
    failures.delete(oldest);
  }
}

/** As Go prints a duration that is rounded to milliseconds: `250ms`, `1.25s`, `2m3.5s`. */
export function formatDuration(durationMs: number): string {
  const rounded = Math.round(durationMs);
  if (rounded < 1000) return `${rounded}ms`;
  const minutes = Math.floor(rounded / 60_000);
  const seconds = `${(rounded % 60_000) / 1000}s`;
  if (minutes === 0) return seconds;
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}
