import { rename, rm, stat } from 'node:fs/promises';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { ContainerRuntime } from '../runtime/runtime.ts';
import { ignoreMissing, listRotated, rotatedName } from './files.ts';

export interface RotationOptions {
  readonly runtime: Pick<ContainerRuntime, 'listContainers' | 'containerStatus' | 'reopenLog'>;
  readonly clock: Clock;
  readonly log: Log;
  /** @default 10 MiB */
  readonly bytesMax?: number | undefined;
  /** The one that is written to included. @default 5 */
  readonly filesMax?: number | undefined;
}

const defaultBytesMax = 10 * 2 ** 20;
const defaultFilesMax = 5;

/** Rotates the logs of all running containers that have grown too long. Call it every 10 seconds. One failure does not keep the others. */
export async function rotateLogs(options: RotationOptions, signal: AbortSignal): Promise<void> {
  for (const { id, state } of await options.runtime.listContainers(signal)) {
    if (state !== 'running' || signal.aborted) continue;
    try {
      const { logPath } = await options.runtime.containerStatus(id, signal);
      if (logPath !== '') await rotateLog(id, logPath, options, signal);
    } catch (error) {
      options.log.warn({ containerId: id, error }, 'log was not rotated');
    }
  }
}

async function rotateLog(id: string, path: string, options: RotationOptions, signal: AbortSignal): Promise<void> {
  const size = (await stat(path).catch(ignoreMissing))?.size;
  if (size === undefined) {
    // Renamed, but the runtime was not told: it still writes into the old file.
    await options.runtime.reopenLog(id, signal);
    return;
  }
  if (size <= (options.bytesMax ?? defaultBytesMax)) return;
  const target = rotatedName(path, options.clock.now());
  await rename(path, target);
  try {
    await options.runtime.reopenLog(id, signal);
  } catch (error) {
    if (!(await stat(path).catch(ignoreMissing))) await rename(target, path);
    throw error;
  }
  const rotated = await listRotated(path);
  const surplus = rotated.length - ((options.filesMax ?? defaultFilesMax) - 1);
  for (const old of rotated.slice(0, Math.max(0, surplus))) await rm(old, { force: true });
}

/** All files of a container's log, for whoever removes the container. */
export async function removeLog(path: string): Promise<void> {
  for (const each of [...(await listRotated(path)), path]) await rm(each, { force: true });
}
