import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import type { KeyPair } from '#host/key-pair.ts';
import { createAuthority, issueCertificate } from '#host/pki.ts';
import type { FoundContainer, PodLookup } from '#node-agent/pods/lookup.ts';
import { createCriRuntime } from '#node-agent/runtime/cri/runtime.ts';
import type { ContainerConfig, ContainerRuntime } from '#node-agent/runtime/runtime.ts';
import { createAgentServer } from '#node-agent/server/agent-server.ts';
import { containerConfig, sandboxConfig } from '../contract/runtime.ts';
import { startContainerd, type TestContainerd } from './containerd.ts';
import { eventually } from './eventually.ts';
import type { StreamAccess } from './streams.ts';

/** A containerd with one pod, `default/web`, and the agent's server before it. */
export interface TestAgentServer {
  readonly containerd: TestContainerd;
  readonly runtime: ContainerRuntime;
  readonly access: StreamAccess;
  /** A client certificate of another name and groups, from the same authority. */
  issue(commonName: string, organizations: readonly string[]): Promise<KeyPair>;
  /** Starts one more container in the pod; returns its id. */
  startContainer(change: Partial<ContainerConfig>): Promise<string>;
  stop(): Promise<void>;
}

export async function startAgentServer(options: {
  readonly port: number;
  readonly prefix: string;
}): Promise<TestAgentServer> {
  const clock = createRealClock();
  const containerd = await startContainerd(mkdtempSync('/var/tmp/berth-agent-'), {
    prefix: options.prefix,
    podCidr: '10.42.202.0/24',
  });
  const runtime = createCriRuntime({ socketPath: containerd.socketPath, clock, log: createSilentLog() });
  const made = {
    image: 'berth.local/busybox:1',
    cgroupParent: `/${containerd.layout.cgroupRoot}`,
    logRoot: containerd.layout.podLogDir,
  };
  const sandbox = sandboxConfig(made, 'web', {
    pod: { name: 'web', namespace: 'default', uid: 'uid-web', attempt: 0 },
  });
  mkdirSync(join(made.logRoot, 'web'), { recursive: true });
  const sandboxId = await runtime.runSandbox(sandbox);
  const containers = new Map<string, FoundContainer[]>();
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', uid: 'uid-web', resourceVersion: '1', creationTimestamp: '' },
  };
  const pods: PodLookup = {
    list: () => [pod],
    find: (namespace, name) =>
      namespace === 'default' && name === 'web'
        ? { pod, sandboxId, containers: (container) => containers.get(container) }
        : undefined,
  };

  const now = clock.now();
  const authority = await createAuthority('test-ca', 1, now);
  const issue = (commonName: string, organizations: readonly string[]) =>
    issueCertificate(authority, { commonName, organizations, days: 1 }, now);
  const serving = await issueCertificate(authority, { commonName: 'node', hosts: ['127.0.0.1'], days: 1 }, now);
  const server = createAgentServer({
    runtime,
    pods,
    nodeName: 'node',
    tls: { certificate: serving.cert, key: serving.key },
    clientCa: authority.cert,
    listen: { host: '127.0.0.1', port: options.port },
    metrics: async () => 'up 1\n',
    clock,
    log: createSilentLog(),
  });
  const client = await issue('berth-apiserver', []);
  const port = await server.listen();

  return {
    containerd,
    runtime,
    access: { port, ca: authority.cert, ...client },
    issue,
    async startContainer(change) {
      const config = containerConfig(made, change);
      const id = await runtime.createContainer(sandboxId, config, sandbox);
      await runtime.startContainer(id);
      const { logPath } = await runtime.containerStatus(id);
      const entry: FoundContainer = { id, attempt: config.attempt, running: true, logPath };
      const older = containers.get(config.name) ?? [];
      containers.set(config.name, [entry, ...older.map((each) => ({ ...each, running: false }))]);
      // What the agent does when it hears of the exit.
      void (async () => {
        await eventually(async () => (await runtime.containerStatus(id)).state === 'exited', { withinMs: 300_000 });
        const now = containers.get(config.name) ?? [];
        containers.set(
          config.name,
          now.map((each) => (each.id === id ? { ...each, running: false } : each)),
        );
      })().catch(() => {});
      return id;
    },
    async stop() {
      await server.close();
      await runtime.close();
      await containerd.stop();
    },
  };
}
