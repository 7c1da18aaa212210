import { messageOf } from '#base/error-message.ts';
import type { StopPlan } from './action.ts';
import type { PodContext } from './context.ts';
import { runHook } from './hooks.ts';
import { containersOf } from './pod-model.ts';

/** Stops containers side by side: preStop hook, SIGTERM, and SIGKILL when the grace period of the plan is over. */
export async function stopContainers(
  context: PodContext,
  stops: readonly StopPlan[],
  signal: AbortSignal,
): Promise<void> {
  const outcomes = await Promise.allSettled(stops.map((stop) => stopOne(context, stop, signal)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

async function stopOne(context: PodContext, stop: StopPlan, signal: AbortSignal): Promise<void> {
  const { deps } = context;
  const { id, name } = stop.container;
  const { runtime, view, clock } = deps;
  const startedMs = clock.monotonicMs();
  const container = containersOf(context.pod()).find(({ spec }) => spec.name === name)?.spec;
  if (!context.stopping.has(id)) {
    context.stopping.add(id);
    const emit = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
      deps.emit(context.pod(), type, reason, message, name);
    emit('Normal', 'Killing', stop.message);
    const preStop = container?.lifecycle?.preStop;
    if (preStop && container && stop.container.state === 'running' && !stop.hard) {
      const options = { ...deps, containerId: id, container, address: context.facts().podIps[0] ?? '' };
      try {
        await runHook(preStop, options, stop.graceSeconds * 1000, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        emit('Warning', 'FailedPreStopHook', `PreStopHook failed: ${messageOf(error)}`);
      }
    }
  }
  const elapsedSeconds = (clock.monotonicMs() - startedMs) / 1000;
  const remaining = stop.hard
    ? stop.graceSeconds
    : Math.max(graceSecondsMin, Math.ceil(stop.graceSeconds - elapsedSeconds));
  await runtime.stopContainer(id, remaining, signal);
  await view.refreshContainer(id, signal);
}

/** As the kubelet: nobody is killed without a moment to end by itself. */
const graceSecondsMin = 2;
