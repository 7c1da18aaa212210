import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { busyboxImage, pauseImage } from '#host/images/build.ts';
import { type HostLayout, hostLayout } from '#host/layout.ts';
import { containerdProcess } from '#host/processes/containerd.ts';
import { removeEverything } from '#host/removal/removal.ts';
import { writeCniConfig } from '#node-agent/network/cni.ts';
import { createCriRuntime } from '#node-agent/runtime/cri/runtime.ts';
import { eventually } from './eventually.ts';
import { claim, sweepAbandoned } from './owned.ts';
import { mustRun } from './run.ts';

export interface TestContainerd {
  readonly socketPath: string;
  readonly layout: HostLayout;
  /** Ends containerd alone, as a crash does; containers go on. */
  kill(): Promise<void>;
  /** Starts it again after `kill`. */
  start(): Promise<void>;
  /** `ctr images import` of an archive. */
  importImage(archive: Buffer): Promise<void>;
  /** Removes every pod, container, process, mount, interface and file. */
  stop(): Promise<void>;
}

export interface TestContainerdOptions {
  /** Kernel-wide names start with it. @default bg */
  readonly prefix?: string;
  /** @default 10.42.201.0/24 */
  readonly podCidr?: string;
}

/** A containerd of its own in `dir`, with a pod network and the pause and busybox images. Needs root. */
export async function startContainerd(dir: string, options: TestContainerdOptions = {}): Promise<TestContainerd> {
  const prefix = options.prefix ?? 'bg';
  const layout: HostLayout = {
    ...hostLayout(dir),
    bridge: `${prefix}0`,
    nftTable: `berth_${prefix}`,
    cgroupRoot: `berth-${prefix}`,
  };
  await sweepAbandoned();
  claim(dir, layout);
  const clock = createRealClock();
  const socketPath = layout.containerdSocket;
  for (const folder of [layout.runDir, layout.logDir, layout.podLogDir]) mkdirSync(folder, { recursive: true });
  const podCidr = options.podCidr ?? '10.42.201.0/24';
  writeCniConfig(layout.cniConfDir, { bridge: layout.bridge, podCidr, dataDir: join(layout.agentDir, 'cni') });
  const definition = containerdProcess(layout);
  const runtime = createCriRuntime({ socketPath, clock, log: createSilentLog() });
  let child: ReturnType<typeof spawn> | undefined;

  const start = async (): Promise<void> => {
    const log = openSync(definition.logFile, 'a');
    const [command, ...args] = definition.command;
    child = spawn(command, args, { stdio: ['ignore', log, log], env: { ...process.env, ...definition.env } });
    closeSync(log);
    await eventually(async () => (await runtime.status()).networkReady, {
      pending: () => readFileSync(definition.logFile, 'utf8').slice(-3000),
    });
  };
  const kill = async (): Promise<void> => {
    const dying = child;
    child = undefined;
    if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
    const gone = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill('SIGKILL');
    await gone;
  };
  const importImage = async (archive: Buffer): Promise<void> => {
    const file = join(dir, 'image.tar');
    writeFileSync(file, archive);
    await mustRun('ctr', ['--address', socketPath, '-n', 'k8s.io', 'images', 'import', file]);
    rmSync(file);
  };
  const removePods = async (): Promise<void> => {
    for (const { id } of await runtime.listSandboxes()) {
      await runtime.stopSandbox(id);
      await runtime.removeSandbox(id);
    }
  };

  await start();
  await importImage(await pauseImage());
  await importImage(await busyboxImage());
  return {
    socketPath,
    layout,
    kill,
    start,
    importImage,
    async stop() {
      if (child) await removePods();
      await runtime.close();
      await kill();
      await removeEverything(layout, clock);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
