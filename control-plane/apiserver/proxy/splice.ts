import type { Duplex } from 'node:stream';
import type { Clock } from '#base/clock.ts';

/** How long one side may still take to read what the other side sent before it left. */
const lingerMs = 5_000;

/**
 * Passes bytes both ways between two connections, each as fast as the other side reads. Resolves when both are closed;
 * when one closes or breaks, the other is ended, and cut off if it lingers. Aborting cuts both.
 */
export function splice(a: Duplex, b: Duplex, clock: Clock, signal: AbortSignal): Promise<void> {
  a.pipe(b);
  b.pipe(a);
  const cut = () => {
    a.destroy();
    b.destroy();
  };
  if (signal.aborted) cut();
  signal.addEventListener('abort', cut, { once: true });
  return Promise.all([closed(a, b, clock), closed(b, a, clock)]).then(() => signal.removeEventListener('abort', cut));
}

function closed(side: Duplex, other: Duplex, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const onClose = () => {
      if (other.destroyed) return resolve();
      other.end();
      const timer = clock.setTimer(lingerMs, () => other.destroy());
      other.once('close', () => timer.cancel());
      resolve();
    };
    side.on('error', () => side.destroy());
    if (side.destroyed) onClose();
    else side.once('close', onClose);
  });
}
