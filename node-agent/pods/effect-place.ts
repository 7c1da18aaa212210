import { messageOf } from '#base/error-message.ts';
import { mountFailure, planVolume } from '../volumes/build.ts';
import type { VolumePlan } from '../volumes/plan.ts';
import type { PodContext } from './context.ts';
import { specOf } from './pod-model.ts';
import { cpuQuotaUs, cpuShares, milliOf, podResourcesOf, unitsOf } from './resources.ts';

/** Folders, cgroup and volumes. Throws a VolumeError for what is missing; everything before it stays. */
export async function preparePlace(context: PodContext, signal: AbortSignal): Promise<void> {
  const { deps, place, memory } = context;
  const pod = context.pod();
  const { requests, limits } = podResourcesOf(pod);
  await deps.host.preparePod(place, {
    cpuShares: cpuShares(milliOf(requests, 'cpu')),
    cpuQuotaUs: cpuQuotaUs(milliOf(limits, 'cpu')),
    memoryLimitBytes: unitsOf(limits, 'memory'),
  });
  await setUpVolumes(context, () => true, signal);
  memory.place = 'ready';
}

async function setUpVolumes(
  context: PodContext,
  wanted: (plan: VolumePlan) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const sources = { facts: context.facts(), objects: context.objects.within(signal) };
  const outcomes = await Promise.allSettled(
    (specOf(context.pod()).volumes ?? []).map(async (volume) => {
      const plan = await planVolume(volume, sources);
      if (!wanted(plan)) return;
      const { path } = await context.deps.host.setUpVolume(context.place, plan);
      context.volumePaths.set(volume.name, path);
    }),
  );
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  if (failures.length === 0) return;
  if (!signal.aborted)
    for (const failure of failures) context.deps.emit(context.pod(), 'Warning', 'FailedMount', mountFailure(failure));
  throw failures[0];
}

/** Brings the files of a running pod's volumes up to date with their objects. */
export async function refreshVolumes(context: PodContext, signal: AbortSignal): Promise<void> {
  try {
    await setUpVolumes(context, (plan) => plan.kind === 'files', signal);
  } catch (error) {
    if (!signal.aborted) context.log.info({ why: messageOf(error) }, 'volumes not refreshed');
  }
}
