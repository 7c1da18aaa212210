import { mkdtempSync, readFileSync } from 'node:fs';
import type { V1Container, V1Pod, V1PodSpec } from '#api/generated/types.ts';
import { namespaces, pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isNotFound } from '#api/status-error.ts';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createRealRandom } from '#base/real/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createEventRecorder } from '#client/event-recorder.ts';
import { createApiCore } from '#control-plane/apiserver/core.ts';
import { builtInDefinitions } from '#control-plane/resources/all.ts';
import { createMemoryStore } from '#control-plane/store/memory.ts';
import { type Agent, createAgent } from '#node-agent/agent.ts';
import { createLinuxHost } from '#node-agent/host-linux/create.ts';
import { createNetworkTransport } from '#node-agent/probes/network-transport.ts';
import { createCriRuntime } from '#node-agent/runtime/cri/runtime.ts';
import type { ContainerRuntime } from '#node-agent/runtime/runtime.ts';
import { startContainerd, type TestContainerd } from './containerd.ts';
import { eventually } from './eventually.ts';
import { heard } from './told.ts';

/** A real containerd and a real agent on this machine, over an API core in memory. */
export interface AgentMachine {
  readonly containerd: TestContainerd;
  readonly runtime: ContainerRuntime;
  readonly client: ApiClient;
  readonly told: readonly { readonly reason: string; readonly message: string; readonly about: string }[];
  startAgent(): Promise<Agent>;
  stopAgent(): Promise<void>;
  createPod(name: string, spec: Partial<V1PodSpec>, meta?: V1Pod['metadata']): Promise<Stored<V1Pod>>;
  pod(name: string): Promise<Stored<V1Pod> | undefined>;
  until(name: string, condition: (pod: Stored<V1Pod> | undefined) => boolean, withinMs?: number): Promise<void>;
  running(name: string): Promise<Stored<V1Pod>>;
  remove(name: string, gracePeriodSeconds?: number): Promise<void>;
  /** Standard output and error of a command in the newest running container of a name. */
  exec(pod: string, container: string, ...command: string[]): Promise<string>;
  /** What a container wrote, without the runtime's prefix on each line. */
  logs(pod: string, container: string, attempt?: number): Promise<string>;
  stop(): Promise<void>;
}

export const nodeName = 'machine-1';
export const image = 'berth.local/busybox:1';

export async function startAgentMachine(): Promise<AgentMachine> {
  const containerd = await startContainerd(mkdtempSync('/var/tmp/berth-agent-'), {
    prefix: 'bh',
    podCidr: '10.42.203.0/24',
  });
  const clock = createRealClock();
  const random = createRealRandom();
  const log = createSilentLog();
  const life = new AbortController();
  const core = createApiCore({
    store: createMemoryStore({ clock }),
    definitions: builtInDefinitions(),
    clock,
    random,
    log,
  });
  await core.start(life.signal);
  const client = core.client({ name: 'system:admin', groups: ['system:masters'] });
  for (const name of ['default', 'kube-node-lease'])
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const runtime = createCriRuntime({ socketPath: containerd.socketPath, clock, log });
  const { layout } = containerd;
  const host = await createLinuxHost({
    root: layout.agentDir,
    logRoot: layout.podLogDir,
    cgroupRoot: layout.cgroupRoot,
  });
  const told: { reason: string; message: string; about: string }[] = [];
  let current: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined;

  const pod = async (name: string): Promise<Stored<V1Pod> | undefined> => {
    try {
      return await client.get(pods, { namespace: 'default', name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
  const until = async (
    name: string,
    condition: (pod: Stored<V1Pod> | undefined) => boolean,
    withinMs = 30_000,
  ): Promise<void> => {
    await eventually(async () => condition(await pod(name)), {
      withinMs,
      everyMs: 10,
      pending: async () => ({ status: (await pod(name))?.status, told: told.filter(({ about }) => about === name) }),
    });
  };
  const running = async (name: string): Promise<Stored<V1Pod>> => {
    await until(
      name,
      (now) =>
        now?.status?.phase === 'Running' && now.status.containerStatuses?.every(({ started }) => started) === true,
    );
    const found = await pod(name);
    if (!found) throw new Error(`pod ${name} is gone`);
    return found;
  };
  const containerOf = async (podName: string, container: string): Promise<string> => {
    const status = (await pod(podName))?.status;
    const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
    const id = all.find(({ name }) => name === container)?.containerID?.replace('containerd://', '');
    if (!id) throw new Error(`pod ${podName} has no container ${container}`);
    return id;
  };
  const stopAgent = async (): Promise<void> => {
    current?.controller.abort(new Error('the agent stops'));
    const ended = current?.ended;
    current = undefined;
    await ended;
  };

  return {
    containerd,
    runtime,
    client,
    told,
    async startAgent() {
      const controller = new AbortController();
      const real = createEventRecorder({ client, clock, random, component: 'kubelet', signal: controller.signal });
      const agent = createAgent({
        client,
        runtime,
        nodeName,
        host,
        transport: createNetworkTransport({ clock }),
        clock,
        random,
        log,
        recorder: heard(real, (about, reason, message) => told.push({ reason, message, about })),
      });
      current = { controller, ended: agent.run(controller.signal) };
      await eventually(() => agent.status().nodeReady, { everyMs: 10, withinMs: 10_000 });
      return agent;
    },
    stopAgent,
    createPod: (name, spec, meta) =>
      client.create(pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default', ...meta },
        spec: { nodeName, containers: [sleeper('main')], ...spec },
      }),
    pod,
    until,
    running,
    async remove(name, gracePeriodSeconds) {
      await client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds });
      await until(name, (now) => now === undefined, 40_000);
    },
    async exec(podName, container, ...command) {
      const { stdout, stderr } = await runtime.execSync(await containerOf(podName, container), command, 10);
      return `${stdout.toString('utf8')}${stderr.toString('utf8')}`;
    },
    async logs(podName, container) {
      const { logPath } = await runtime.containerStatus(await containerOf(podName, container));
      return readFileSync(logPath, 'utf8').replace(/^\S+ std(?:out|err) [FP] /gm, '');
    },
    async stop() {
      await stopAgent();
      life.abort(new Error('the machine stops'));
      await core.stopped();
      await runtime.close();
      await containerd.stop();
    },
  };
}

/** A container that sleeps, and ends at SIGTERM. */
export const sleeper = (name: string, more: Partial<V1Container> = {}): V1Container =>
  shell(name, 'trap "exit 0" TERM; while :; do sleep 0.1; done', more);

export const shell = (name: string, script: string, more: Partial<V1Container> = {}): V1Container => ({
  name,
  image,
  command: ['sh', '-c', script],
  ...more,
});
