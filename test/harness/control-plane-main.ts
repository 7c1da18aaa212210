/** What control-plane-process.ts starts: gets its options as the first message, sends its port, ends with SIGTERM. */
import { createRealClock } from '#base/real/clock.ts';
import { createRealLog } from '#base/real/log.ts';
import { createRealRandom } from '#base/real/random.ts';
import { runControlPlane } from '#control-plane/server.ts';
import type { KeyPair } from '#host/key-pair.ts';

export interface ProcessOptions {
  readonly endpoints: readonly string[];
  readonly ca: string;
  readonly server: KeyPair;
  readonly node: KeyPair;
}

const isOptions = (value: unknown): value is ProcessOptions =>
  typeof value === 'object' && value !== null && 'endpoints' in value;

const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort(new Error('SIGTERM')));
process.on('message', (value: unknown) => {
  if (value !== 'memory') return;
  // Twice: what finalizers let go of in the first is collected by the second.
  globalThis.gc?.();
  setImmediate(() => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    process.send?.({ memoryBytes: heapUsed + external });
  });
});

const options = await new Promise<ProcessOptions>((resolve) => {
  process.on('message', (value: unknown) => {
    if (isOptions(value)) resolve(value);
  });
});
const plane = await runControlPlane(
  {
    clock: createRealClock(),
    random: createRealRandom(),
    log: createRealLog({ level: 'warn' }),
    store: { endpoints: options.endpoints },
    certificates: { ca: options.ca, server: options.server, node: options.node },
    listen: { host: '127.0.0.1', port: 0 },
  },
  stopping.signal,
);
process.send?.({ port: plane.port });
await plane.done;
process.disconnect?.();
