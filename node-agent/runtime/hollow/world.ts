/** The state of a hollow runtime and its transitions: what containerd and the kernel would hold. Synchronous, without delays. */
import type { Clock, Timer } from '#base/clock.ts';
import { RuntimeError } from '../errors.ts';
import { withIdentityLabels } from '../identity-labels.ts';
import type { ContainerConfig, ContainerStatus, RuntimeEvent, Sandbox, SandboxConfig } from '../runtime.ts';
import type { AddressPool } from './addresses.ts';
import { type Program, readProgram } from './program.ts';

export interface HollowSandbox {
  readonly config: SandboxConfig;
  readonly status: Sandbox;
}

export interface HollowContainer {
  readonly config: ContainerConfig;
  readonly sandbox: SandboxConfig;
  readonly program: Program;
  readonly status: ContainerStatus;
}

export interface World {
  readonly sandboxes: ReadonlyMap<string, HollowSandbox>;
  readonly containers: ReadonlyMap<string, HollowContainer>;
  sandbox(id: string): HollowSandbox;
  container(id: string): HollowContainer;
  addSandbox(config: SandboxConfig): string;
  stopSandbox(id: string): void;
  removeSandbox(id: string): void;
  addContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig, imageRef: string): string;
  startContainer(id: string): void;
  /** Nothing when it does not run. */
  exitContainer(id: string, exitCode: number, reason?: string): void;
  removeContainer(id: string): void;
}

export function createWorld(clock: Clock, addresses: () => AddressPool, emit: (event: RuntimeEvent) => void): World {
  const sandboxes = new Map<string, HollowSandbox>();
  const containers = new Map<string, HollowContainer>();
  const exits = new Map<string, Timer>();
  let serial = 0;

  const sandbox = (id: string): HollowSandbox => {
    const found = sandboxes.get(id);
    if (!found) throw new RuntimeError('not-found', `sandbox "${id}" does not exist`);
    return found;
  };
  const container = (id: string): HollowContainer => {
    const found = containers.get(id);
    if (!found) throw new RuntimeError('not-found', `container "${id}" does not exist`);
    return found;
  };
  const update = (id: string, change: Partial<ContainerStatus>): HollowContainer => {
    const old = container(id);
    const changed = { ...old, status: { ...old.status, ...change } };
    containers.set(id, changed);
    return changed;
  };
  const tell = (kind: RuntimeEvent['kind'], containerId: string, podUid: string) => emit({ kind, containerId, podUid });

  const exitContainer = (id: string, exitCode: number, reason?: string): void => {
    const old = containers.get(id);
    if (old?.status.state !== 'running') return;
    exits.get(id)?.cancel();
    exits.delete(id);
    update(id, {
      state: 'exited',
      finishedAtMs: clock.now(),
      exitCode,
      reason: reason ?? (exitCode === 0 ? 'Completed' : 'Error'),
    });
    tell('stopped', id, old.sandbox.pod.uid);
  };

  const containersOf = (sandboxId: string): string[] =>
    [...containers].filter(([, { status }]) => status.sandboxId === sandboxId).map(([id]) => id);

  const stopSandbox = (id: string): void => {
    const old = sandbox(id);
    if (!old.status.ready) return;
    for (const containerId of containersOf(id)) exitContainer(containerId, killedCode);
    for (const ip of old.status.ips) addresses().give(ip);
    sandboxes.set(id, { ...old, status: { ...old.status, ready: false, ips: [] } });
    tell('stopped', id, old.config.pod.uid);
  };

  const removeContainer = (id: string): void => {
    const { sandbox: owner } = container(id);
    exitContainer(id, killedCode);
    containers.delete(id);
    tell('deleted', id, owner.pod.uid);
  };

  return {
    sandboxes,
    containers,
    sandbox,
    container,
    addSandbox(config) {
      const { pod } = config;
      for (const { status } of sandboxes.values()) {
        if (status.pod.uid === pod.uid && status.pod.attempt === pod.attempt) {
          throw new RuntimeError(
            'failed',
            `sandbox ${pod.namespace}/${pod.name} attempt ${pod.attempt} exists already`,
          );
        }
      }
      const id = `sandbox-${serial++}-${pod.namespace}-${pod.name}-${pod.attempt}`;
      const status: Sandbox = {
        id,
        pod,
        ready: true,
        createdAtMs: clock.now(),
        ips: config.hostNetwork ? [] : [addresses().take()],
        labels: withIdentityLabels(config.labels, pod),
        annotations: config.annotations,
      };
      sandboxes.set(id, { config, status });
      tell('created', id, pod.uid);
      tell('started', id, pod.uid);
      return id;
    },
    stopSandbox,
    removeSandbox(id) {
      const { config } = sandbox(id);
      stopSandbox(id);
      for (const containerId of containersOf(id)) removeContainer(containerId);
      sandboxes.delete(id);
      tell('deleted', id, config.pod.uid);
    },
    addContainer(sandboxId, config, sandboxConfig, imageRef) {
      const owner = sandbox(sandboxId);
      if (!owner.status.ready) throw new RuntimeError('failed', `sandbox "${sandboxId}" is not running`);
      for (const { status } of containers.values()) {
        if (status.sandboxId === sandboxId && status.name === config.name && status.attempt === config.attempt) {
          throw new RuntimeError('failed', `container ${config.name} attempt ${config.attempt} exists already`);
        }
      }
      const { pod } = owner.config;
      const id = `container-${serial++}-${pod.namespace}-${pod.name}-${config.name}-${config.attempt}`;
      const status: ContainerStatus = {
        id,
        sandboxId,
        name: config.name,
        attempt: config.attempt,
        image: config.image,
        imageRef,
        state: 'created',
        createdAtMs: clock.now(),
        labels: withIdentityLabels(config.labels, pod, config.name),
        annotations: config.annotations,
        startedAtMs: 0,
        finishedAtMs: 0,
        exitCode: 0,
        reason: '',
        message: '',
        logPath: `${owner.config.logDirectory}/${config.logPath}`,
      };
      containers.set(id, { config, sandbox: owner.config, program: readProgram(config, sandboxConfig), status });
      tell('created', id, pod.uid);
      return id;
    },
    startContainer(id) {
      const { program, sandbox: owner, status } = container(id);
      if (status.state !== 'created') throw new RuntimeError('failed', `container "${id}" is in ${status.state} state`);
      if (!sandbox(status.sandboxId).status.ready) {
        throw new RuntimeError('failed', `sandbox "${status.sandboxId}" is not running`);
      }
      update(id, { state: 'running', startedAtMs: clock.now() });
      tell('started', id, owner.pod.uid);
      if (!Number.isFinite(program.runMs)) return;
      exits.set(
        id,
        clock.setTimer(program.runMs, () => exitContainer(id, program.exitCode, program.reason)),
      );
    },
    exitContainer,
    removeContainer,
  };
}

/** 128 + SIGKILL. */
const killedCode = 137;
