import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostLayout } from '#host/layout.ts';
import { ownerOf } from '../engine/owner.ts';
import { createMachine, type Machine } from './machine.ts';
import { folderOf, machineNamespace, noteFile, wireNamespace } from './names.ts';
import { removeRun, sweepAbandonedMachines } from './remove.ts';
import { createWire, type Place, type Trouble } from './wire.ts';

export interface MachinesOptions {
  readonly count: number;
  /**
   * `link`: all on one link, 10.98.0.11, .12 …. `routed`: each on a link of its own, 10.98.0.11, 10.98.1.12 …, with a router
   * between them that knows no pods. `mixed`: the last alone on its link, the others on one.
   */
  readonly topology: 'link' | 'routed' | 'mixed';
  /** Of the links. @default 1500 */
  readonly mtu?: number;
}

/** Machines that reach each other and nothing else, and trouble between them. */
export interface Machines {
  readonly machines: readonly Machine[];
  /** The n-th, from 1. */
  machine(number: number): Machine;
  /** Nothing passes to or from the machine; with a second one, nothing between the two. Its link stays up. */
  cut(machine: Machine, from?: Machine): Promise<void>;
  /** Ends every cut, loss and delay of the machine, or of all. */
  heal(machine?: Machine): Promise<void>;
  /** This share of packets to and from the machine is lost. */
  loss(machine: Machine, percent: number): Promise<void>;
  /** What goes to the machine comes later; 0 ends it. */
  delay(machine: Machine, delayMs: number): Promise<void>;
  /** Ends and removes everything, from the first process to the last file. */
  destroy(): Promise<void>;
}

/** Needs root. What a killed run left is removed first. */
export async function startMachines(options: MachinesOptions): Promise<Machines> {
  const { count, topology, mtu = 1500 } = options;
  await sweepAbandonedMachines();
  const id = Math.floor(Math.random() * 2 ** 24)
    .toString(16)
    .padStart(6, '0');
  const folder = folderOf(id);
  mkdirSync(folder);
  writeFileSync(join(folder, noteFile), ownerOf());
  try {
    return await build(id, { count, topology, mtu });
  } catch (error) {
    await removeRun(id);
    throw error;
  }
}

async function build(id: string, { count, topology, mtu }: Required<MachinesOptions>): Promise<Machines> {
  const folder = folderOf(id);
  const linkOf = (index: number): number => {
    if (topology === 'link') return 0;
    return topology === 'routed' ? index - 1 : Number(index === count);
  };
  const wire = await createWire(wireNamespace(id), linkOf(count) + 1, mtu);
  const machines: Machine[] = [];
  const places = new Map<Machine, Place>();
  const admin = () => {
    const first = machines[0];
    if (!first) throw new Error('there is no machine');
    return { kubeconfig: first.layout.kubeconfig, address: first.address };
  };
  for (let index = 1; index <= count; index++) {
    const name = `m${index}`;
    const home = join(folder, name);
    const link = linkOf(index);
    const namespace = machineNamespace(id, index);
    const place: Place = { index, link, namespace, address: `10.98.${link}.${10 + index}` };
    const machine = await createMachine({ name, home, layout: hostLayout(home), place, wire, mtu, admin });
    machines.push(machine);
    places.set(machine, place);
  }

  const placeOf = (machine: Machine): Place => {
    const place = places.get(machine);
    if (!place) throw new Error(`machine ${machine.name} is not one of these`);
    return { ...place, address: machine.address };
  };
  const cuts = new Set<Machine>();
  let pairs: (readonly [Machine, Machine])[] = [];
  const losses = new Map<Machine, number>();
  let applied: Promise<void> = Promise.resolve();
  /** One after the other, each with all that is wanted by then: an older set must not come last. */
  const applyRules = (): Promise<void> => {
    const next = async (): Promise<void> => {
      const trouble: Trouble = {
        cut: [...cuts].map(placeOf),
        cutPairs: pairs.map(([a, b]) => [placeOf(a), placeOf(b)] as const),
        loss: [...losses].map(([machine, percent]) => ({ place: placeOf(machine), percent })),
      };
      await wire.setRules(trouble);
    };
    applied = applied.then(next, next);
    return applied;
  };

  return {
    machines,
    machine(number) {
      const found = machines[number - 1];
      if (!found) throw new RangeError(`there are machines 1 to ${count}, not ${number}`);
      return found;
    },
    async cut(machine, from) {
      if (from) pairs.push([machine, from]);
      else cuts.add(machine);
      await applyRules();
    },
    async heal(machine) {
      for (const each of machine ? [machine] : machines) {
        cuts.delete(each);
        losses.delete(each);
        pairs = pairs.filter((pair) => !pair.includes(each));
        await wire.delay(placeOf(each), 0);
      }
      await applyRules();
    },
    async loss(machine, percent) {
      losses.set(machine, percent);
      await applyRules();
    },
    delay: (machine, delayMs) => wire.delay(placeOf(machine), delayMs),
    async destroy() {
      await Promise.all(machines.map((machine) => machine.powerOff()));
      await wire.close();
      await removeRun(id);
    },
  };
}
