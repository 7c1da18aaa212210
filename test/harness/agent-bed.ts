import type { V1Pod, V1PodSpec } from '#api/generated/types.ts';
import { namespaces, pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isNotFound } from '#api/status-error.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock, type VirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createEventRecorder } from '#client/event-recorder.ts';
import { type ApiCore, createApiCore } from '#control-plane/apiserver/core.ts';
import { builtInDefinitions } from '#control-plane/resources/all.ts';
import { createMemoryStore } from '#control-plane/store/memory.ts';
import { type Agent, type AgentOptions, createAgent } from '#node-agent/agent.ts';
import type { AgentSettings } from '#node-agent/agent-settings.ts';
import { createHollowHost, type HollowHost } from '#node-agent/pods/hollow-host.ts';
import type { ProbeTransport } from '#node-agent/probes/transport.ts';
import { createHollowTransport } from '#node-agent/probes/transport.ts';
import { createHollowRuntime, type HollowRuntime } from '#node-agent/runtime/hollow/runtime.ts';
import { container } from '#node-agent/testing/pod-samples.ts';
import { heard } from './told.ts';
import { watchedIdentity } from './watched-identity.ts';

/** A real API core on the memory store, a hollow runtime, and agents that come and go; all on one virtual clock. */
export interface AgentBed {
  readonly clock: VirtualClock;
  readonly client: ApiClient;
  readonly runtime: HollowRuntime;
  readonly host: HollowHost;
  startAgent(): Promise<Agent>;
  stopAgent(): Promise<void>;
  createPod(name: string, spec: Partial<V1PodSpec>, meta?: V1Pod['metadata']): Promise<Stored<V1Pod>>;
  pod(name: string): Promise<Stored<V1Pod> | undefined>;
  /** Steps time until the condition holds of the pod (undefined: it is gone). */
  until(name: string, condition: (pod: Stored<V1Pod> | undefined) => boolean, budgetMs?: number): Promise<void>;
  events(): { readonly reason: string; readonly message: string; readonly about: string }[];
  close(): Promise<void>;
}

export interface AgentBedOptions {
  readonly seed?: number;
  readonly settings?: AgentSettings;
  readonly transport?: ProbeTransport;
  readonly wrap?: (options: AgentOptions) => AgentOptions;
}

export const nodeName = 'node-1';

export async function createAgentBed(options: AgentBedOptions = {}): Promise<AgentBed> {
  const clock = createVirtualClock();
  const random = createSeededRandom(options.seed ?? 1);
  const log = createSilentLog();
  const life = new AbortController();
  const store = createMemoryStore({ clock });
  const identity = watchedIdentity(clock, () => core);
  const core: ApiCore = createApiCore({
    store,
    definitions: builtInDefinitions(),
    clock,
    random,
    log,
    ...identity.rules,
  });
  await core.start(life.signal);
  const client = core.client({ name: 'system:admin', groups: ['system:masters'] });
  for (const name of ['default', 'kube-node-lease'])
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const nodeClient = core.client(identity.node(nodeName));
  const runtime = createHollowRuntime({ clock });
  const host = createHollowHost({ hostname: nodeName });
  const told: { reason: string; message: string; about: string }[] = [];
  let current: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined;

  const startAgent = async (): Promise<Agent> => {
    const controller = new AbortController();
    const { signal } = controller;
    const as = { component: 'kubelet', host: nodeName };
    const real = createEventRecorder({ client: nodeClient, clock, random, ...as, signal });
    const plain: AgentOptions = {
      client: nodeClient,
      runtime,
      nodeName,
      host: { pods: host.pods, node: host.node },
      transport: options.transport ?? createHollowTransport(),
      clock,
      random,
      log,
      recorder: heard(real, (about, reason, message) => told.push({ reason, message, about })),
      settings: options.settings,
    };
    const agent = createAgent(options.wrap?.(plain) ?? plain);
    current = { controller, ended: agent.run(controller.signal) };
    await clock.runUntil(() => agent.status().nodeReady, 10_000);
    return agent;
  };

  const stopAgent = async (): Promise<void> => {
    current?.controller.abort(new Error('the agent stops'));
    const ended = current?.ended;
    current = undefined;
    await ended;
  };

  const pod = async (name: string): Promise<Stored<V1Pod> | undefined> => {
    try {
      return await client.get(pods, { namespace: 'default', name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };

  return {
    clock,
    client,
    runtime,
    host,
    startAgent,
    stopAgent,
    createPod: (name, spec, meta) =>
      client.create(pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default', ...meta },
        spec: { nodeName, containers: [container('main')], ...spec },
      }),
    pod,
    async until(name, condition, budgetMs = 60_000) {
      const endMs = clock.now() + budgetMs;
      for (;;) {
        await clock.step(clock.now());
        const now = await pod(name);
        if (condition(now)) return;
        if (!(await clock.step(endMs)))
          throw new Error(
            `not reached within ${budgetMs} ms: ${JSON.stringify(now?.status ?? 'no pod', undefined, 1)}`,
          );
      }
    },
    events: () => told,
    async close() {
      await stopAgent();
      life.abort(new Error('the bed is closed'));
      await core.stopped();
      identity.check();
    },
  };
}
