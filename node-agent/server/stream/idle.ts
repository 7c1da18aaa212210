import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '#base/clock.ts';

/** Activity is looked at this many times per time-out, so that no timer is moved at each chunk. */
const checksPerTimeout = 4;

/** Destroys the connection when nothing passed in either direction for `timeoutMs`. */
export function guardIdle(
  socket: Duplex & Partial<ByteCounts>,
  clock: Clock,
  timeoutMs: number,
  onIdle: () => void,
): void {
  let seenBytes = -1;
  let activeAtMs = clock.monotonicMs();
  let timer: Timer;
  const check = (): void => {
    const bytes = (socket.bytesRead ?? 0) + (socket.bytesWritten ?? 0);
    if (bytes !== seenBytes) activeAtMs = clock.monotonicMs();
    seenBytes = bytes;
    if (clock.monotonicMs() - activeAtMs >= timeoutMs) {
      onIdle();
      socket.destroy();
    } else timer = clock.setTimer(timeoutMs / checksPerTimeout, check);
  };
  if (socket.destroyed) return;
  timer = clock.setTimer(timeoutMs / checksPerTimeout, check);
  socket.once('close', () => timer.cancel());
}

/** net.Socket and TLSSocket have them. */
interface ByteCounts {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}
