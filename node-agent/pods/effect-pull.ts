import { messageOf } from '#base/error-message.ts';
import type { PodContext } from './context.ts';
import type { PullSecret } from './images.ts';
import { containerMemory } from './memory.ts';
import { type PodContainer, specOf } from './pod-model.ts';

/** Begins to make the image present and returns at once: a slow registry must not hold up the rest of the pod. */
export async function pullImage(context: PodContext, container: PodContainer): Promise<void> {
  const known = containerMemory(context.memory, container.spec.name);
  known.image = { kind: 'pulling' };
  pull(context, container).then(
    (outcome) => {
      known.image = outcome;
      context.wake();
    },
    (error: unknown) => {
      if (context.life.aborted) return;
      const retryAtMs = context.deps.clock.now() + retryMs;
      known.image = { kind: 'failed', reason: 'ErrImagePull', message: messageOf(error), retryAtMs };
      context.wake();
    },
  );
}

async function pull(context: PodContext, container: PodContainer): ReturnType<PodContext['deps']['images']['ensure']> {
  const { deps } = context;
  const pod = context.pod();
  const emit = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    deps.emit(pod, type, reason, message, container.spec.name);
  const pullSecrets: PullSecret[] = [];
  for (const { name } of specOf(pod).imagePullSecrets ?? []) {
    const secret = name ? await context.objects.secret(name) : undefined;
    if (secret) pullSecrets.push({ type: secret.type ?? '', data: secret.data ?? {} });
    else
      emit(
        'Warning',
        'FailedToRetrieveImagePullSecret',
        `Unable to retrieve some image pull secrets (${name}); attempting to pull the image may not succeed.`,
      );
  }
  return deps.images.ensure({ pod, container, pullSecrets, emit }, context.life);
}

const retryMs = 10_000;
