import type { SandboxConfig } from '../runtime/runtime.ts';
import type { PodContext } from './context.ts';
import { podDns } from './dns.ts';
import { annotations } from './identity.ts';
import { readySandbox } from './observed.ts';
import { sandboxConfig } from './sandbox-config.ts';

/** What the runtime was told, or would be told, of the pod's sandbox number `attempt`. */
export function sandboxConfigOf(context: PodContext, attempt: number): SandboxConfig {
  const { deps, place } = context;
  const pod = context.pod();
  return sandboxConfig({
    pod,
    attempt,
    logDirectory: deps.host.logDirectory(place),
    cgroupParent: deps.host.cgroupParent(place),
    dns: podDns(pod, deps.node.resolver(), deps.settings),
    clusterDomain: deps.settings.clusterDomain,
    nodeName: deps.node.name,
    seccompFolder: deps.settings.seccompFolder,
  });
}

/** Stops what is left of earlier sandboxes, so that their network is given back, and makes a new one. */
export async function createSandbox(context: PodContext, attempt: number, signal: AbortSignal): Promise<void> {
  const { runtime, view, sandboxes } = context.deps;
  await sandboxes.run(async () => {
    for (const old of context.observed().sandboxes) await runtime.stopSandbox(old.id, signal);
    const id = await runtime.runSandbox(sandboxConfigOf(context, attempt), signal);
    await view.refreshSandbox(id, signal);
  });
  const ips = readySandbox(context.observed())?.ips ?? [];
  if (ips.length > 0) context.memory.podIps = ips;
}

export async function stopSandboxes(context: PodContext, ids: readonly string[], signal: AbortSignal): Promise<void> {
  const { runtime, view } = context.deps;
  await Promise.all(
    ids.map(async (id) => {
      await runtime.stopSandbox(id, signal);
      await view.refreshSandbox(id, signal);
    }),
  );
}

export async function removeSandboxes(context: PodContext, ids: readonly string[], signal: AbortSignal): Promise<void> {
  const { runtime, view } = context.deps;
  for (const id of ids) {
    await runtime.stopSandbox(id, signal);
    await runtime.removeSandbox(id, signal);
    view.dropSandbox(id);
  }
}

export async function removeContainers(
  context: PodContext,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { runtime, view, host } = context.deps;
  for (const id of ids) {
    const known = context.observed().containers.find((container) => container.id === id);
    await runtime.removeContainer(id, signal);
    const left = [known?.logPath, known?.annotations[annotations.terminationLog]].filter((path) => path !== undefined);
    await host.removeContainerFiles(context.place, left);
    view.dropContainer(id);
    context.memory.probes.delete(id);
    context.stopping.delete(id);
  }
}

/** Everything the runtime and the machine hold of the pod goes. */
export async function clearPod(context: PodContext, signal: AbortSignal): Promise<void> {
  // A call that was given up may have made a sandbox all the same. It holds the pod's cgroup, and no event tells of it.
  if (context.memory.retries.has('clear')) await context.deps.view.relist(signal);
  const { containers, sandboxes } = context.observed();
  await removeContainers(
    context,
    containers.map(({ id }) => id),
    signal,
  );
  await removeSandboxes(
    context,
    sandboxes.map(({ id }) => id),
    signal,
  );
  await context.deps.host.removePod(context.place);
  context.volumePaths.clear();
  context.memory.place = 'none';
  const left = context.observed();
  context.memory.cleared = left.containers.length === 0 && left.sandboxes.length === 0;
}
