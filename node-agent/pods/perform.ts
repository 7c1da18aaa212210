import { pods } from '#api/kinds.ts';
import { isConflict, isNotFound } from '#api/status-error.ts';
import { messageOf } from '#base/error-message.ts';
import type { Action } from './action.ts';
import { retryDelayMs, stepRetryMaxMs } from './back-off.ts';
import type { PodContext } from './context.ts';
import { confirmPod } from './effect-confirm.ts';
import { preparePlace } from './effect-place.ts';
import { pullImage } from './effect-pull.ts';
import { clearPod, createSandbox, removeContainers, removeSandboxes, stopSandboxes } from './effect-sandbox.ts';
import { startContainer } from './effect-start.ts';
import { stopContainers } from './effect-stop.ts';
import { ContainerConfigError } from './errors.ts';
import { containerMemory } from './memory.ts';
import { startKey } from './next-start.ts';
import { stoppingSince } from './withdrawal.ts';

/** An action that changes something. */
export type Deed = Exclude<Action, { kind: 'wait' | 'forget' }>;

/** Carries out one action. What fails is noted in the pod's memory, for the next look to wait; it rejects only on abort. */
export async function perform(context: PodContext, action: Deed, signal: AbortSignal): Promise<void> {
  const key = retryKeyOf(action);
  try {
    await carryOut(context, action, signal);
    context.memory.retries.delete(key);
  } catch (error) {
    if (signal.aborted) throw error;
    noteFailure(context, action, key, error);
    await lookAgain(context, action);
  }
}

async function carryOut(context: PodContext, action: Deed, signal: AbortSignal): Promise<void> {
  const { memory, deps } = context;
  switch (action.kind) {
    case 'fail':
      memory.failure = { reason: action.reason, message: action.message };
      return deps.emit(context.pod(), 'Normal', action.reason, action.message);
    case 'confirm':
      return confirmPod(context, signal);
    case 'prepare-place':
      return preparePlace(context, signal);
    case 'create-sandbox':
      return createSandbox(context, action.attempt, signal);
    case 'stop-sandboxes':
      return stopSandboxes(context, action.ids, signal);
    case 'remove-sandboxes':
      return removeSandboxes(context, action.ids, signal);
    case 'remove-containers':
      return removeContainers(context, action.ids, signal);
    case 'pull-image':
      return pullImage(context, action.container);
    case 'start-container':
      return startContainer(context, action.container, action.start, signal);
    case 'stop-containers':
      if (action.whole) memory.stoppingSinceMs ??= stoppingSince(memory) ?? deps.clock.now();
      return stopContainers(context, action.stops, signal);
    case 'release-place':
      await deps.host.releasePod(context.place);
      memory.place = 'none';
      return undefined;
    case 'clear':
      return clearPod(context, signal);
    case 'delete-object':
      return deleteObject(context, signal);
  }
}

/** The last word on a pod: its final status is delivered first. */
async function deleteObject(context: PodContext, signal: AbortSignal): Promise<void> {
  const { client, reporter } = context.deps;
  const { name, namespace = '', uid } = context.pod().metadata;
  await reporter.flush(uid);
  try {
    await client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid }, signal });
  } catch (error) {
    // Gone, or a newer pod has the name: either way this one is not there.
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
  context.memory.deleteRequested = true;
}

function retryKeyOf(action: Deed): string {
  switch (action.kind) {
    case 'prepare-place':
      return 'place';
    case 'create-sandbox':
      return 'sandbox';
    case 'start-container':
      return startKey(action.container);
    case 'stop-containers':
    case 'stop-sandboxes':
      return 'stop';
    case 'remove-containers':
    case 'remove-sandboxes':
      return 'prune';
    case 'release-place':
    case 'clear':
      return 'clear';
    case 'delete-object':
      return 'delete';
    case 'confirm':
    case 'pull-image':
    case 'fail':
      return action.kind;
  }
}

function noteFailure(context: PodContext, action: Deed, key: string, error: unknown): void {
  const { deps, memory, log } = context;
  const failures = (memory.retries.get(key)?.failures ?? 0) + 1;
  const delayMs = retryDelayMs(failures, 500, stepRetryMaxMs);
  memory.retries.set(key, { failures, notBeforeMs: deps.clock.now() + delayMs });
  log.info({ step: action.kind, why: messageOf(error), retryMs: delayMs }, 'step failed');
  if (action.kind === 'create-sandbox')
    deps.emit(context.pod(), 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${messageOf(error)}`);
  if (action.kind === 'start-container') {
    const reason = error instanceof ContainerConfigError ? error.reason : 'CreateContainerError';
    const { name } = action.container.spec;
    containerMemory(memory, name).waiting = { reason, message: messageOf(error) };
    if (reason !== 'PostStartHookError')
      deps.emit(context.pod(), 'Warning', 'Failed', `Error: ${messageOf(error)}`, name);
  }
}

/** A call whose answer was lost may have done its work: what it made must be seen before another one is made. */
async function lookAgain({ deps, life, log }: PodContext, action: Deed): Promise<void> {
  if (action.kind !== 'create-sandbox' && action.kind !== 'start-container') return;
  await deps.view.relist(life).catch((error: unknown) => {
    if (!life.aborted) log.info({ why: messageOf(error) }, 'runtime not listed');
  });
}
