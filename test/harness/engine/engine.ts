import { Readable } from 'node:stream';
import { findCommand } from '#host/packages.ts';
import { connectEngine, engineAnswers, removeOwned } from './client.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { sweepDaemons } from './daemon-traces.ts';
import { etcdImage, etcdImageName } from './etcd-image.ts';
import { isOwnerAlive, ownerOf } from './owner.ts';
import type { EngineSettings } from './settings.ts';

export interface Engine {
  readonly settings: EngineSettings;
  /** For the one line that the run prints. */
  readonly description: string;
  /** Removes our containers and images, and the engine itself when it is ours. */
  stop(): Promise<void>;
}

/**
 * The machine's Docker Engine where one answers on a socket, else one of our own, with etcd's image loaded. First removes
 * what killed runs have left. Throws with the reason when there can be none.
 */
export async function openEngine(): Promise<Engine> {
  await sweepDaemons();
  const owner = ownerOf();
  const found = await machineEngine();
  if (!found && !findCommand('dockerd')) throw new Error('no Docker Engine answers, and docker.io is not installed');
  const daemon: Daemon | undefined = found ? undefined : await startDaemon(owner);
  const socketPath = daemon?.socketPath ?? found ?? '';
  const stop = async (): Promise<void> => {
    try {
      await removeOwned(await connectEngine(socketPath), (one) => one === owner);
    } finally {
      await daemon?.stop();
    }
  };
  try {
    const client = await connectEngine(socketPath);
    await removeOwned(client, (one) => !isOwnerAlive(one));
    const progress = await client.container.dockerode.loadImage(Readable.from([await etcdImage(owner)]));
    for await (const _ of progress) void _; // Loaded when the stream is over.
    const version = client.info.containerRuntime.serverVersion;
    return {
      settings: { socketPath, image: etcdImageName(owner), owner },
      description: daemon
        ? `a Docker Engine ${version} of the run's own`
        : `the Docker Engine ${version} at ${socketPath}`,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Only one on a socket of this machine: containers share its loopback and its folders. */
async function machineEngine(): Promise<string | undefined> {
  const given = process.env.DOCKER_HOST;
  const sockets = [given?.startsWith('unix://') ? given.slice('unix://'.length) : undefined, '/var/run/docker.sock'];
  for (const socket of sockets) if (socket && (await engineAnswers(socket))) return socket;
  return undefined;
}
