/** What every ContainerRuntime must do, as one suite: `runRuntimeContract('hollow', makeRuntime)`. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { RuntimeError, type RuntimeErrorCode } from '#node-agent/runtime/errors.ts';
import type {
  ContainerConfig,
  ContainerRuntime,
  ContainerState,
  RuntimeEvent,
  SandboxConfig,
} from '#node-agent/runtime/runtime.ts';

export interface RuntimeUnderTest {
  readonly runtime: ContainerRuntime;
  /** An image with a shell that is on the machine. */
  readonly image: string;
  readonly cgroupParent: string;
  readonly logRoot: string;
  /** Lets time pass until the condition holds: virtual, or real. Throws when it does not within 20 s. */
  readonly until: (condition: () => boolean | Promise<boolean>) => Promise<void>;
  /** Runs the action while time passes. */
  readonly during: <T>(action: Promise<T>) => Promise<T>;
  /** Stops and starts the runtime, where there is something to restart; containers go on. */
  readonly restart?: () => Promise<void>;
  readonly end: () => Promise<void>;
}

type Place = Pick<RuntimeUnderTest, 'image' | 'cgroupParent' | 'logRoot'>;

const unconfined = { type: 'unconfined' } as const;
let pods = 0;

export function sandboxConfig(made: Place, name: string, change: Partial<SandboxConfig> = {}): SandboxConfig {
  const uid = `uid-${name}`;
  return {
    pod: { name, namespace: 'contract', uid, attempt: 0 },
    hostname: name,
    logDirectory: `${made.logRoot}/${name}`,
    dns: undefined,
    portMappings: [],
    labels: { app: name },
    annotations: { note: 'kept' },
    cgroupParent: made.cgroupParent,
    hostNetwork: false,
    hostPid: false,
    hostIpc: false,
    shareProcessNamespace: false,
    privileged: false,
    sysctls: {},
    security: { supplementalGroups: [], seccomp: unconfined },
    runtimeHandler: '',
    ...change,
  };
}

export function containerConfig(made: Place, change: Partial<ContainerConfig> = {}): ContainerConfig {
  return {
    name: 'main',
    attempt: 0,
    image: made.image,
    command: ['sleep', 'infinity'],
    args: [],
    workingDir: '',
    env: [],
    mounts: [],
    devices: [],
    labels: {},
    annotations: {},
    logPath: 'main_0.log',
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: { cpuShares: 0, cpuQuota: 0, cpuPeriod: 0, memoryLimitBytes: 0, oomScoreAdj: 0 },
    security: {
      privileged: false,
      readOnlyRoot: false,
      supplementalGroups: [],
      capabilitiesAdd: [],
      capabilitiesDrop: [],
      allowPrivilegeEscalation: true,
      seccomp: unconfined,
      maskedPaths: [],
      readonlyPaths: [],
      hostNetwork: false,
      hostPid: false,
      hostIpc: false,
      shareProcessNamespace: false,
    },
    ...change,
  };
}

export function runRuntimeContract(name: string, make: () => Promise<RuntimeUnderTest>): void {
  describe(`runtime contract: ${name}`, () => {
    let made: RuntimeUnderTest;
    let runtime: ContainerRuntime;
    beforeAll(async () => {
      made = await make();
      runtime = made.runtime;
    });
    afterAll(() => made?.end());
    afterEach(async () => {
      for (const { id } of await runtime.listSandboxes()) await made.during(runtime.removeSandbox(id));
    });

    const run = async (change: Partial<SandboxConfig> = {}) => {
      const config = sandboxConfig(made, `pod-${pods++}`, change);
      return { config, id: await made.during(runtime.runSandbox(config)) };
    };
    const create = async (sandbox: { config: SandboxConfig; id: string }, change: Partial<ContainerConfig> = {}) =>
      made.during(runtime.createContainer(sandbox.id, containerConfig(made, change), sandbox.config));
    const start = async (sandbox: { config: SandboxConfig; id: string }, change: Partial<ContainerConfig> = {}) => {
      const id = await create(sandbox, change);
      await made.during(runtime.startContainer(id));
      return id;
    };
    const stateOf = async (id: string): Promise<ContainerState> => (await runtime.containerStatus(id)).state;
    const rejection = async (action: Promise<unknown>): Promise<RuntimeErrorCode> => {
      const error: unknown = await made.during(action).then(
        () => 'it succeeded',
        (reason: unknown) => reason,
      );
      if (!(error instanceof RuntimeError)) throw new Error(`not a RuntimeError: ${error}`);
      return error.code;
    };

    describe('the runtime itself', () => {
      test('names itself and says that it is ready', async () => {
        expect((await runtime.version()).name).not.toBe('');
        expect(await runtime.status()).toMatchObject({ runtimeReady: true, networkReady: true });
      });
    });

    describe('sandboxes', () => {
      test('a sandbox that runs is listed as it was asked for, and has an address', async () => {
        const { config, id } = await run();
        const status = await runtime.sandboxStatus(id);
        expect(status).toMatchObject({ id, pod: config.pod, ready: true, annotations: { note: 'kept' } });
        expect(status.labels).toMatchObject({ app: config.pod.name, 'io.kubernetes.pod.uid': config.pod.uid });
        expect(status.ips).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/)]);
        expect(status.createdAtMs).toBeGreaterThan(Date.UTC(2025, 0, 1));
        expect((await runtime.listSandboxes()).find((sandbox) => sandbox.id === id)).toMatchObject({ ready: true });
      });

      test('two sandboxes have two addresses', async () => {
        const ids = [await run(), await run()];
        const ips = await Promise.all(ids.map(async ({ id }) => (await runtime.sandboxStatus(id)).ips[0]));
        expect(new Set(ips).size).toBe(2);
      });

      test('one on the host network has no address of its own', async () => {
        const { id } = await run({ hostNetwork: true });
        expect((await runtime.sandboxStatus(id)).ips).toEqual([]);
      });

      test('the same attempt of a pod cannot run twice, the next one can', async () => {
        const { config } = await run();
        await rejection(runtime.runSandbox(config));
        const next = await made.during(runtime.runSandbox({ ...config, pod: { ...config.pod, attempt: 1 } }));
        expect((await runtime.sandboxStatus(next)).pod.attempt).toBe(1);
      });

      test('stopping ends its containers, and it stays until it is removed', async () => {
        const sandbox = await run();
        const container = await start(sandbox);
        await made.during(runtime.stopSandbox(sandbox.id));
        expect((await runtime.sandboxStatus(sandbox.id)).ready).toBe(false);
        await made.until(async () => (await stateOf(container)) === 'exited');
        await made.during(runtime.stopSandbox(sandbox.id));
      });

      test('removing takes its containers with it', async () => {
        const sandbox = await run();
        const container = await start(sandbox);
        await made.during(runtime.removeSandbox(sandbox.id));
        expect(await rejection(runtime.sandboxStatus(sandbox.id))).toBe('not-found');
        expect(await rejection(runtime.containerStatus(container))).toBe('not-found');
      });

      test('stop and remove of what is gone succeed, a question about it does not', async () => {
        await made.during(runtime.stopSandbox('none'));
        await made.during(runtime.removeSandbox('none'));
        expect(await rejection(runtime.sandboxStatus('none'))).toBe('not-found');
      });
    });

    describe('containers', () => {
      test('go from created to running to exited, and remember when', async () => {
        const sandbox = await run();
        const id = await create(sandbox, { command: ['sh', '-c', 'sleep 1; exit 3'] });
        expect(await runtime.containerStatus(id)).toMatchObject({
          id,
          sandboxId: sandbox.id,
          name: 'main',
          state: 'created',
          startedAtMs: 0,
          finishedAtMs: 0,
          logPath: `${sandbox.config.logDirectory}/main_0.log`,
          labels: { 'io.kubernetes.pod.uid': sandbox.config.pod.uid, 'io.kubernetes.container.name': 'main' },
        });
        await made.during(runtime.startContainer(id));
        expect(await stateOf(id)).toBe('running');
        await made.until(async () => (await stateOf(id)) === 'exited');
        const status = await runtime.containerStatus(id);
        expect(status).toMatchObject({ exitCode: 3, reason: 'Error' });
        expect(status.startedAtMs).toBeGreaterThanOrEqual(status.createdAtMs);
        expect(status.finishedAtMs).toBeGreaterThanOrEqual(status.startedAtMs + 900);
      });

      test('one that ends well is completed', async () => {
        const id = await start(await run(), { command: ['true'] });
        await made.until(async () => (await stateOf(id)) === 'exited');
        expect(await runtime.containerStatus(id)).toMatchObject({ exitCode: 0, reason: 'Completed' });
      });

      test('are listed with their sandbox, name, attempt and state', async () => {
        const sandbox = await run();
        const id = await start(sandbox, { attempt: 2 });
        const listed = (await runtime.listContainers()).find((container) => container.id === id);
        expect(listed).toMatchObject({ sandboxId: sandbox.id, name: 'main', attempt: 2, state: 'running' });
      });

      test('cannot be made twice with one name and attempt', async () => {
        const sandbox = await run();
        await create(sandbox);
        await rejection(create(sandbox));
        await create(sandbox, { attempt: 1 });
      });

      test('cannot start twice', async () => {
        const id = await start(await run());
        await rejection(runtime.startContainer(id));
      });

      test('cannot be made of an image that is not there, or in a sandbox that is not', async () => {
        const sandbox = await run();
        await rejection(create(sandbox, { image: `sha256:${'0'.repeat(64)}` }));
        await rejection(create({ ...sandbox, id: 'none' }));
      });

      test('cannot be made in a sandbox that has stopped', async () => {
        const sandbox = await run();
        await made.during(runtime.stopSandbox(sandbox.id));
        await rejection(create(sandbox));
      });

      test('a stop resolves when it has stopped, by the grace period at the latest', async () => {
        const stubborn = { command: ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done'] };
        const annotated = { annotations: { 'hollow.berth.dev/program': 'ignore-term' } };
        const id = await start(await run(annotated), stubborn);
        await made.during(runtime.stopContainer(id, 1));
        expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 137 });
      });

      test('a stop is obeyed by a program that ends at SIGTERM', async () => {
        const id = await start(await run(), {
          command: ['sh', '-c', 'trap "exit 143" TERM; while :; do sleep 0.02; done'],
        });
        // The shell needs a moment to set its trap.
        await made.during(runtime.execSync(id, ['true'], 5));
        await made.during(runtime.stopContainer(id, 10));
        expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 143 });
      });

      test('a stop of what has stopped or is gone succeeds; so does a remove', async () => {
        const id = await start(await run(), { command: ['true'] });
        await made.until(async () => (await stateOf(id)) === 'exited');
        await runtime.stopContainer(id, 1);
        await made.during(runtime.removeContainer(id));
        await made.during(runtime.removeContainer(id));
        await runtime.stopContainer(id, 1);
        expect(await rejection(runtime.containerStatus(id))).toBe('not-found');
      });

      test('a remove of one that runs ends it first', async () => {
        const id = await start(await run());
        await made.during(runtime.removeContainer(id));
        expect((await runtime.listContainers()).some((container) => container.id === id)).toBe(false);
      });

      test('statistics name the container and its pod', async () => {
        const sandbox = await run();
        const id = await start(sandbox);
        await made.until(async () => {
          const stats = (await runtime.containerStats()).find((each) => each.containerId === id);
          return stats !== undefined && stats.memoryWorkingSetBytes > 0;
        });
        const stats = (await runtime.containerStats()).find((each) => each.containerId === id);
        expect(stats).toMatchObject({ name: 'main', podUid: sandbox.config.pod.uid });
      });
    });

    describe('commands in a container', () => {
      test('answer with their exit code', async () => {
        const id = await start(await run());
        expect((await made.during(runtime.execSync(id, ['true'], 5))).exitCode).toBe(0);
      });

      test('cannot run in a container that does not', async () => {
        const id = await create(await run());
        await rejection(runtime.execSync(id, ['true'], 5));
        expect(await rejection(runtime.execSync('none', ['true'], 5))).toBe('not-found');
      });
    });

    describe('images', () => {
      test('one that is here has an id, and its name among its tags', async () => {
        const image = await runtime.imageStatus(made.image);
        expect(image?.id).toMatch(/^sha256:[0-9a-f]{64}$/);
        expect(image?.repoTags).toContain(made.image);
        expect((await runtime.listImages()).map(({ id }) => id)).toContain(image?.id);
        expect(image && (await runtime.imageStatus(image.id))?.id).toBe(image?.id);
      });

      test('one that is not here is undefined, and cannot be pulled from nowhere', async () => {
        expect(await runtime.imageStatus('berth.local/missing:1')).toBeUndefined();
        expect(await rejection(runtime.pullImage('berth.local/missing:1', undefined))).toBe('pull-failed');
        await runtime.removeImage('berth.local/missing:1');
      });

      test('disk usage names the place', async () => {
        expect((await runtime.imageFsUsage()).mountpoint).not.toBe('');
      });
    });

    describe('events', () => {
      const follow = () => {
        const seen: RuntimeEvent[] = [];
        const stop = new AbortController();
        const ended = (async () => {
          for await (const event of runtime.events(stop.signal)) seen.push(event);
        })();
        return { seen, ended, stop: () => stop.abort() };
      };
      const kinds = (seen: readonly RuntimeEvent[], id: string) =>
        seen.filter((event) => event.containerId === id).map(({ kind }) => kind);

      test('tell the whole life of a container, and whose it is', async () => {
        const follower = follow();
        const sandbox = await run();
        const id = await start(sandbox, { command: ['true'] });
        await made.until(() => kinds(follower.seen, id).includes('stopped'));
        expect(await stateOf(id)).toBe('exited');
        await made.during(runtime.removeContainer(id));
        await made.until(() => kinds(follower.seen, id).includes('deleted'));
        expect(new Set(kinds(follower.seen, id))).toEqual(new Set(['created', 'started', 'stopped', 'deleted']));
        const stopped = follower.seen.find((event) => event.containerId === id && event.kind === 'stopped');
        expect(stopped?.podUid).toBe(sandbox.config.pod.uid);
        follower.stop();
        await follower.ended;
      });

      test('tell that a sandbox stopped', async () => {
        const follower = follow();
        const sandbox = await run();
        await made.during(runtime.stopSandbox(sandbox.id));
        await made.until(() => kinds(follower.seen, sandbox.id).includes('stopped'));
        follower.stop();
        await follower.ended;
      });

      test('a command in a container is no event of the container', async () => {
        const id = await start(await run());
        const follower = follow();
        await made.during(runtime.execSync(id, ['true'], 5));
        await made.during(runtime.stopContainer(id, 0));
        await made.until(() => kinds(follower.seen, id).includes('stopped'));
        expect(kinds(follower.seen, id).filter((kind) => kind === 'stopped')).toHaveLength(1);
        follower.stop();
        await follower.ended;
      });

      test('end at once when the signal is aborted already', async () => {
        for await (const event of runtime.events(AbortSignal.abort())) throw new Error(`unexpected ${event.kind}`);
      });
    });

    describe('calls', () => {
      test('that are given up reject with a RuntimeError', async () => {
        const sandbox = await run();
        expect(await rejection(runtime.runSandbox(sandbox.config, AbortSignal.abort(new Error('enough'))))).toBe(
          'failed',
        );
      });

      test('go on after the runtime was restarted; its containers lived on', async () => {
        const id = await start(await run());
        if (made.restart) await made.restart();
        expect(await stateOf(id)).toBe('running');
      });
    });
  });
}
