/** An API server over HTTPS, and one real node with containerd and agent: for what concerns images, from the command line down. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Container, V1Pod } from '#api/generated/types.ts';
import { namespaces, nodes, pods } from '#api/kinds.ts';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createRealRandom } from '#base/real/random.ts';
import { createTestCli, type TestCli } from '#cli/testing/run-cli.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createEventRecorder } from '#client/event-recorder.ts';
import { pauseImageName } from '#host/images/build.ts';
import { createAgent } from '#node-agent/agent.ts';
import { createLinuxHost } from '#node-agent/host-linux/create.ts';
import { imageArchitecture } from '#node-agent/images/manifests.ts';
import { createClusterRegistries } from '#node-agent/images/registries/follow.ts';
import { createNetworkTransport } from '#node-agent/probes/network-transport.ts';
import { createContainerdImageStore } from '#node-agent/runtime/containerd/image-store.ts';
import { createCriRuntime } from '#node-agent/runtime/cri/runtime.ts';
import type { ContainerRuntime } from '#node-agent/runtime/runtime.ts';
import { createAgentServer } from '#node-agent/server/agent-server.ts';
import { startApiServer, type TestApiServer } from './api-server.ts';
import { createTestCertificates, type TestCertificates } from './certs.ts';
import { startContainerd, type TestContainerd } from './containerd.ts';
import { eventually } from './eventually.ts';
import { heard } from './told.ts';

export interface ImageCluster {
  readonly api: TestApiServer;
  readonly client: ApiClient;
  /** Of nodes' agents and of those who may call them. */
  readonly certs: TestCertificates;
  readonly cli: TestCli;
  readonly containerd: TestContainerd;
  readonly runtime: ContainerRuntime;
  /** Events so far: `<object>: <type> <reason>: <message>`. */
  readonly told: readonly string[];
  /** A Node object whose agent answers on this port of loopback. */
  addNode(name: string, port: number): Promise<void>;
  createPod(name: string, container: Partial<V1Container>, spec?: Partial<V1Pod['spec']>): Promise<void>;
  /** Waits until the condition holds of the pod; fails with its status and events. */
  until(name: string, condition: (pod: V1Pod) => boolean): Promise<V1Pod>;
  /** Deletes it and waits until it is gone. */
  removePod(name: string): Promise<void>;
  stop(): Promise<void>;
}

export const nodeName = 'machine-1';

export async function startImageCluster(options: {
  readonly prefix: string;
  readonly podCidr: string;
}): Promise<ImageCluster> {
  const clock = createRealClock();
  const random = createRealRandom();
  const log = createSilentLog();
  const certs = await createTestCertificates();
  const api = await startApiServer({
    nodeProxy: { ca: certs.ca.cert, certificate: certs.proxy.cert, key: certs.proxy.key },
  });
  const client = api.core.client({ name: 'system:admin', groups: ['system:masters'] });
  for (const name of ['kube-system', 'kube-node-lease'])
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const containerd = await startContainerd(mkdtempSync('/var/tmp/berth-agent-'), options);
  const { layout, socketPath } = containerd;
  const runtime = createCriRuntime({ socketPath, clock, log });
  const architecture = imageArchitecture(process.arch);
  const store = createContainerdImageStore({ socketPath, root: layout.containerdRoot, architecture, clock, random });
  const life = new AbortController();
  const { signal } = life;
  const told: string[] = [];
  const real = createEventRecorder({ client, clock, random, component: 'kubelet', signal });
  const recorder = heard(real, (about, reason, message, type) => told.push(`${about}: ${type} ${reason}: ${message}`));
  const host = await createLinuxHost({
    root: layout.agentDir,
    logRoot: layout.podLogDir,
    cgroupRoot: layout.cgroupRoot,
  });
  const registries = createClusterRegistries({
    client,
    clock,
    random,
    log,
    recorder,
    nodeName,
    certsDir: layout.registryDir,
    stateFile: join(layout.agentDir, 'registries.yaml'),
  });
  const makeAgent = (agentPort: number) =>
    createAgent({
      client,
      runtime,
      nodeName,
      host,
      transport: createNetworkTransport({ clock }),
      clock,
      random,
      log,
      recorder,
      registryAuths: registries.authsFor,
      settings: { nodeAddresses: ['127.0.0.1'], agentPort },
    });
  let agent: ReturnType<typeof makeAgent> | undefined;
  const serving = await certs.serving([nodeName]);
  const server = createAgentServer({
    runtime,
    pods: { list: () => agent?.pods.list() ?? [], find: (namespace, name) => agent?.pods.find(namespace, name) },
    nodeName,
    tls: { certificate: serving.cert, key: serving.key },
    clientCa: certs.ca.cert,
    listen: { host: '127.0.0.1', port: 0 },
    images: store,
    protectedImages: [pauseImageName],
    clock,
    log,
  });
  agent = makeAgent(await server.listen());
  const running = Promise.all([agent.run(signal), registries.run(signal)]);
  await eventually(async () => (await api.ask('GET', `/api/v1/nodes/${nodeName}`)).text.includes('"KubeletReady"'));

  const podOf = (name: string) => client.get(pods, { namespace: 'default', name });
  return {
    api,
    client,
    certs,
    containerd,
    runtime,
    told,
    cli: createTestCli({ url: api.url, ca: api.certs.ca.cert, cert: api.certs.admin.cert, key: api.certs.admin.key }),
    async addNode(name, port) {
      const node = await client.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name } });
      await client.updateStatus(nodes, {
        ...node,
        status: {
          addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
          daemonEndpoints: { kubeletEndpoint: { Port: port } },
          conditions: [{ type: 'Ready', status: 'True' }],
        },
      });
    },
    async createPod(name, container, spec) {
      const main = { name: 'main', ...container };
      await client.create(pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default' },
        spec: { nodeName, terminationGracePeriodSeconds: 1, containers: [main], ...spec },
      });
    },
    async until(name, condition) {
      await eventually(async () => condition(await podOf(name)), {
        withinMs: 60_000,
        everyMs: 50,
        pending: async () => ({
          status: (await podOf(name)).status,
          told: told.filter((line) => line.startsWith(`${name}:`)),
        }),
      });
      return podOf(name);
    },
    async removePod(name) {
      await client.delete(pods, { namespace: 'default', name });
      await eventually(async () => (await podOf(name).catch(() => undefined)) === undefined, {
        withinMs: 30_000,
        pending: () => podOf(name),
      });
    },
    async stop() {
      life.abort(new Error('the test is over'));
      await running;
      await server.close();
      store.close();
      await runtime.close();
      await containerd.stop();
      await api.stop();
    },
  };
}
