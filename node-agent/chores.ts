import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/error-message.ts';
import type { Log } from '#base/log.ts';
import { createImageCollector } from './images/image-collector.ts';
import { rotateLogs } from './logs/rotation.ts';
import type { ContainerRuntime } from './runtime/runtime.ts';

/** Something the agent does now and then, for as long as it runs. */
export interface Chore {
  readonly name: string;
  readonly everyMs: number;
  /** May reject; it is tried again at its next time. */
  run(signal: AbortSignal): Promise<void>;
}

export interface LinuxChoresOptions {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly log: Log;
  /** Images that cannot be pulled again, by tag. @default those of berth.local */
  readonly keepImage?: ((tag: string) => boolean) | undefined;
  /** Tags of images that were loaded and not pulled. They are kept too. */
  readonly loadedImages?: ((signal: AbortSignal) => Promise<ReadonlySet<string>>) | undefined;
}

const logRotationMs = 10_000;
const imageCollectionMs = 300_000;

/** What a real machine needs: logs that do not grow for ever, and a disk that does not fill with images. */
export function createLinuxChores(options: LinuxChoresOptions): readonly Chore[] {
  const { runtime, clock, log, keepImage, loadedImages } = options;
  const keep = keepImage ?? ((tag: string) => tag.startsWith('berth.local/'));
  const collector = createImageCollector({ runtime, clock, log, keep, loaded: loadedImages });
  return [
    { name: 'log rotation', everyMs: logRotationMs, run: (signal) => rotateLogs({ runtime, clock, log }, signal) },
    {
      name: 'image collection',
      everyMs: imageCollectionMs,
      run: async (signal) => {
        await collector.collect(signal);
      },
    },
  ];
}

/** One round after the other; resolves after the signal has aborted. */
export async function runChore(chore: Chore, clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(chore.everyMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    await chore.run(signal).catch((error: unknown) => {
      if (!signal.aborted) log.warn({ why: messageOf(error) }, `${chore.name} failed`);
    });
  }
}
