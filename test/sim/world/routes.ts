import { endpointSlices } from '#api/kinds.ts';
import type { Random } from '#base/random.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { createAcknowledger } from '#node-agent/withdrawal/acknowledge.ts';
import type { AgentProcess } from './machine.ts';

/** Which pods each machine's kernel leads connections to; it goes on doing so while the agent's process is away. */
export interface Routes {
  /** Keeps the machine's rules, each change a while after it was heard of, and acknowledges. Runs until the process ends. */
  run(process: AgentProcess): Promise<void>;
  /** Machines whose rules lead to this address. */
  leadingTo(address: string): readonly string[];
}

/** What a kernel takes to change its rules, at most. */
const writeMaxMs = 400;

/** A service proxy whose rules are a set of addresses. */
export function createRoutes(): Routes {
  const byMachine = new Map<string, ReadonlySet<string>>();

  return {
    async run({ machine, client, clock, random, log, lease, signal }) {
      const informers = createInformerFactory(client, { clock, random, log });
      const slices = informers.informer(endpointSlices);
      const listeners = new Set<() => void>();
      let applied = 0n;
      let changed = true;
      let wake = (): void => undefined;
      const note = (): void => {
        changed = true;
        wake();
      };
      const remove = slices.addHandler({ onAdd: note, onUpdate: note, onDelete: note, onVersion: note });
      const endpoints = {
        applied: () => applied,
        onApplied(listener: () => void) {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
      };
      const acknowledging = createAcknowledger({ informers, endpoints, lease, clock }).run(signal);
      signal.addEventListener('abort', () => wake(), { once: true });
      informers.start(signal);
      await slices.waitForSync(signal).catch(() => undefined);
      while (!signal.aborted) {
        if (!changed) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        changed = false;
        const version = slices.lastResourceVersion();
        const ready = slices.list().flatMap((slice) => slice.endpoints ?? []);
        const addresses = new Set(ready.flatMap((one) => (one.conditions?.ready === false ? [] : one.addresses)));
        await clock.sleep(writeMs(random), signal).catch(() => undefined);
        if (signal.aborted) break;
        byMachine.set(machine, addresses);
        applied = BigInt(version);
        for (const listener of listeners) listener();
      }
      remove();
      await acknowledging;
      await informers.stopped();
    },
    leadingTo: (address) => [...byMachine].flatMap(([machine, addresses]) => (addresses.has(address) ? [machine] : [])),
  };
}

const writeMs = (random: Random): number => random.next() ** 3 * writeMaxMs;
