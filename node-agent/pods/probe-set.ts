import type { V1Probe } from '#api/generated/types.ts';
import { type ProbeKind, runProbeWorker } from '../probes/worker.ts';
import type { PodContext } from './context.ts';
import { createAbort, type LinkedAbort } from './linked-abort.ts';
import type { ProbeMemory } from './memory.ts';
import type { ObservedContainer } from './observed.ts';
import { reportedStatus } from './outcome.ts';
import { containersOf, type PodContainer } from './pod-model.ts';

/** The probe workers of one pod: each begins with its container and ends with it. */
export interface ProbeSet {
  /** Starts and ends workers so that they match the running containers. `ending`: only readiness still matters. */
  sync(ending: boolean): void;
  close(): void;
}

const events: Readonly<Record<ProbeKind, string>> = {
  startup: 'Startup',
  liveness: 'Liveness',
  readiness: 'Readiness',
};

export function createProbeSet(context: PodContext): ProbeSet {
  const workers = new Map<string, LinkedAbort>();

  const start = (kind: ProbeKind, probe: V1Probe, container: PodContainer, running: ObservedContainer): LinkedAbort => {
    const { deps, memory } = context;
    const abort = createAbort(context.life);
    const known = (): ProbeMemory | undefined => memory.probes.get(running.id);
    const options = {
      runtime: deps.runtime,
      transport: deps.transport,
      clock: deps.clock,
      random: deps.random,
      kind,
      probe,
      target: { containerId: running.id, container: container.spec, address: context.facts().podIps[0] ?? '127.0.0.1' },
      startedAtMs: running.startedAtMs,
      held: () => kind !== 'startup' && known()?.started !== true,
      onVerdict: (ok: boolean) => {
        const state = known();
        if (!state || abort.signal.aborted) return;
        if (kind === 'readiness') state.ready = ok;
        else if (!ok) state.failed = { probe: kind, graceSeconds: probe.terminationGracePeriodSeconds };
        else if (kind === 'startup') state.started = true;
        context.wake();
      },
      onFailure: ({ output }: { readonly output: string }) => {
        if (!abort.signal.aborted)
          deps.emit(
            context.pod(),
            'Warning',
            'Unhealthy',
            `${events[kind]} probe failed: ${output}`,
            container.spec.name,
          );
      },
    };
    runProbeWorker(options, abort.signal).catch((error: unknown) =>
      context.log.error({ err: error }, 'probe worker ended'),
    );
    return abort;
  };

  return {
    sync(ending) {
      const wanted = new Set<string>();
      for (const container of containersOf(context.pod())) {
        const running = context
          .observed()
          .containers.find(({ name, state }) => name === container.spec.name && state === 'running');
        if (!running || container.role === 'init' || container.role === 'ephemeral') continue;
        const known = rememberProbes(context, container, running);
        for (const [kind, probe] of probesOf(container)) {
          const key = `${running.id}/${kind}`;
          if ((ending && kind !== 'readiness') || (kind === 'startup' && known.started)) continue;
          wanted.add(key);
          if (!workers.has(key)) workers.set(key, start(kind, probe, container, running));
        }
      }
      for (const [key, abort] of workers) {
        if (wanted.has(key)) continue;
        abort.abort(new Error('the container has ended'));
        workers.delete(key);
      }
    },
    close() {
      for (const abort of workers.values()) abort.abort(new Error('the pod has ended'));
      workers.clear();
    },
  };
}

function probesOf({ spec }: PodContainer): readonly (readonly [ProbeKind, V1Probe])[] {
  const result: (readonly [ProbeKind, V1Probe])[] = [];
  if (spec.startupProbe) result.push(['startup', spec.startupProbe]);
  if (spec.livenessProbe) result.push(['liveness', spec.livenessProbe]);
  if (spec.readinessProbe) result.push(['readiness', spec.readinessProbe]);
  return result;
}

/** A container that ran before this agent did keeps the readiness that was last reported of it. */
export function rememberProbes(context: PodContext, { spec }: PodContainer, running: ObservedContainer): ProbeMemory {
  const known = context.memory.probes.get(running.id);
  if (known) return known;
  const reported = reportedStatus(context.pod(), spec.name);
  const same = reported?.containerID === `containerd://${running.id}` && reported.state?.running !== undefined;
  const fresh: ProbeMemory = {
    started: !spec.startupProbe || (same && reported.started === true),
    ready: !spec.readinessProbe || (same && reported.ready),
    failed: undefined,
  };
  context.memory.probes.set(running.id, fresh);
  return fresh;
}
