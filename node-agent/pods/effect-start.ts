import { messageOf } from '#base/error-message.ts';
import type { Mount } from '../runtime/runtime.ts';
import type { StartPlan } from './action.ts';
import { containerConfig, terminationPathDefault } from './container-config.ts';
import type { PodContext } from './context.ts';
import { sandboxConfigOf } from './effect-sandbox.ts';
import { containerEnvironment } from './env.ts';
import { ContainerConfigError } from './errors.ts';
import { runHook } from './hooks.ts';
import { hostsFile } from './hosts-file.ts';
import { containerMemory } from './memory.ts';
import { volumeMounts } from './mounts.ts';
import { isHostNetwork, type PodContainer, specOf } from './pod-model.ts';
import { serviceEnvironment } from './service-env.ts';

/**
 * Makes and starts one container, and runs its postStart hook. The signal interrupts what waits (objects, hooks), not the
 * runtime half way through a container. Throws a ContainerConfigError with the waiting reason.
 */
export async function startContainer(
  context: PodContext,
  container: PodContainer,
  start: StartPlan,
  signal: AbortSignal,
): Promise<void> {
  const { deps, memory } = context;
  const known = containerMemory(memory, container.spec.name);
  if (known.image?.kind !== 'ready') return;
  const { runtime, view } = deps;
  const sandbox = context.observed().sandboxes.find(({ id }) => id === start.sandboxId);
  const sandboxConfig = sandboxConfigOf(context, sandbox?.pod.attempt ?? 0);
  const config = await configOf(context, container, start, known.image, signal);
  const emit = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    deps.emit(context.pod(), type, reason, message, container.spec.name);

  assertMayRun(context);
  let id: string;
  try {
    id = await runtime.createContainer(start.sandboxId, config, sandboxConfig, context.life);
  } catch (error) {
    throw new ContainerConfigError(messageOf(error), { reason: 'CreateContainerError', cause: error });
  }
  emit('Normal', 'Created', `Container created`);
  const postStart = container.spec.lifecycle?.postStart;
  const probe = {
    started: !postStart && !container.spec.startupProbe,
    ready: !container.spec.readinessProbe,
    failed: undefined,
  };
  memory.probes.set(id, probe);
  try {
    assertMayRun(context);
    await runtime.startContainer(id, context.life);
  } catch (error) {
    await view.refreshContainer(id, context.life);
    throw new ContainerConfigError(messageOf(error), { reason: 'RunContainerError', cause: error });
  }
  emit('Normal', 'Started', `Container started`);
  known.waiting = undefined;
  known.image = undefined;
  await view.refreshContainer(id, context.life);
  if (!postStart) return;
  try {
    const options = { ...deps, containerId: id, container: container.spec, address: context.facts().podIps[0] ?? '' };
    await runHook(postStart, options, deps.settings.callTimeoutMs, signal);
    if (!container.spec.startupProbe) probe.started = true;
  } catch (error) {
    if (signal.aborted) throw error;
    emit('Warning', 'FailedPostStartHook', `PostStartHook failed: ${messageOf(error)}`);
    emit('Normal', 'Killing', `FailedPostStartHook`);
    context.stopping.add(id);
    await runtime.stopContainer(id, specOf(context.pod()).terminationGracePeriodSeconds ?? 30, signal);
    await view.refreshContainer(id, context.life);
    throw new ContainerConfigError(messageOf(error), { reason: 'PostStartHookError', cause: error });
  }
}

/** Asked in the same moment, because the machine may have slept since the step began. */
function assertMayRun({ deps: { fence }, ...context }: PodContext): void {
  const pod = context.pod();
  if (fence.covers(pod) && fence.verdict(pod, false) !== 'run')
    throw new ContainerConfigError('contact with the server is lost', { reason: 'RunContainerError' });
}

async function configOf(
  context: PodContext,
  container: PodContainer,
  start: StartPlan,
  image: { readonly image: string; readonly user: Parameters<typeof containerConfig>[0]['imageUser'] },
  signal: AbortSignal,
): Promise<ReturnType<typeof containerConfig>> {
  const { deps, place } = context;
  const pod = context.pod();
  const { spec } = container;
  const links = serviceEnvironment(deps.services(), place.namespace, specOf(pod).enableServiceLinks !== false);
  const environment = await containerEnvironment(spec, context.facts(), links, context.objects.within(signal));
  const { volumePaths } = context;
  const volumes = await volumeMounts({ host: deps.host, place, container, volumePaths, environment });
  const terminationLog = deps.host.terminationLog(place, spec.name, start.attempt);
  const input = {
    pod,
    container,
    attempt: start.attempt,
    backOffMs: start.backOffMs,
    image: image.image,
    imageUser: image.user,
    environment,
    mounts: [...volumes, ...(await ownMounts(context, container, volumes, terminationLog))],
    terminationLog,
    memoryCapacityBytes: deps.node.memoryCapacityBytes(),
    unifiedCgroups: deps.node.unifiedCgroups(),
    seccompFolder: deps.settings.seccompFolder,
  };
  const config = containerConfig(input);
  await deps.host.createTerminationLog(terminationLog);
  return config;
}

/** The hosts file and the termination log, unless the pod mounts something of its own there. */
async function ownMounts(
  context: PodContext,
  { spec }: PodContainer,
  volumes: readonly Mount[],
  terminationLog: string,
): Promise<readonly Mount[]> {
  const { host, settings } = context.deps;
  const pod = context.pod();
  const taken = new Set(volumes.map(({ containerPath }) => containerPath));
  const mounts: Mount[] = [];
  if (!taken.has('/etc/hosts')) {
    const nodeHosts = isHostNetwork(pod) ? await host.readTail('/etc/hosts', nodeHostsMax) : undefined;
    const text = hostsFile(pod, context.facts().podIps, settings.clusterDomain, nodeHosts);
    mounts.push(mountOf('/etc/hosts', await host.writeHostsFile(context.place, text)));
  }
  const messagePath = spec.terminationMessagePath ?? terminationPathDefault;
  if (messagePath && !taken.has(messagePath)) mounts.push(mountOf(messagePath, terminationLog));
  return mounts;
}

const mountOf = (containerPath: string, hostPath: string): Mount => ({
  containerPath,
  hostPath,
  readOnly: false,
  propagation: 'private',
});

const nodeHostsMax = 1024 * 1024;
