import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerConfig, ContainerRuntime, SandboxConfig } from '#node-agent/runtime/runtime.ts';

/** A sandbox and one sleeping container by the three bare calls that any agent must make. */
export async function runRawPod(
  runtime: ContainerRuntime,
  name: string,
  image: string,
  cgroupRoot: string,
): Promise<{ remove(): Promise<void> }> {
  const logDirectory = mkdtempSync(join(tmpdir(), 'berth-raw-'));
  const sandbox = sandboxConfig(name, logDirectory, cgroupRoot);
  const sandboxId = await runtime.runSandbox(sandbox);
  const containerId = await runtime.createContainer(sandboxId, containerConfig(image), sandbox);
  await runtime.startContainer(containerId);
  return {
    async remove() {
      await runtime.stopContainer(containerId, 0);
      await runtime.removeContainer(containerId);
      await runtime.stopSandbox(sandboxId);
      await runtime.removeSandbox(sandboxId);
      rmSync(logDirectory, { recursive: true, force: true });
    },
  };
}

const sandboxConfig = (name: string, logDirectory: string, cgroupRoot: string): SandboxConfig => ({
  pod: { name, namespace: 'raw', uid: `raw-${name}`, attempt: 0 },
  hostname: name,
  logDirectory,
  dns: undefined,
  portMappings: [],
  // Nothing of ours: the agent must not take it for one of its pods.
  labels: {},
  annotations: {},
  cgroupParent: `/${cgroupRoot}/raw`,
  hostNetwork: false,
  hostPid: false,
  hostIpc: false,
  shareProcessNamespace: false,
  privileged: false,
  sysctls: {},
  security: { supplementalGroups: [], seccomp: { type: 'runtime-default' } },
  runtimeHandler: '',
});

const containerConfig = (image: string): ContainerConfig => ({
  name: 'main',
  attempt: 0,
  image,
  command: ['sleep', '100000'],
  args: [],
  workingDir: '',
  env: [],
  mounts: [],
  devices: [],
  labels: {},
  annotations: {},
  logPath: 'main.log',
  stdin: false,
  stdinOnce: false,
  tty: false,
  resources: { cpuShares: 2, cpuQuota: 0, cpuPeriod: 0, memoryLimitBytes: 0, oomScoreAdj: 1000 },
  security: {
    privileged: false,
    readOnlyRoot: false,
    supplementalGroups: [],
    capabilitiesAdd: [],
    capabilitiesDrop: [],
    allowPrivilegeEscalation: true,
    seccomp: { type: 'runtime-default' },
    maskedPaths: [],
    readonlyPaths: [],
    hostNetwork: false,
    hostPid: false,
    hostIpc: false,
    shareProcessNamespace: false,
  },
});
