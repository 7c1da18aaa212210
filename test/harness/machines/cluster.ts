import type { RunResult } from '../run.ts';
import type { Machine } from './machine.ts';
import { type Machines, type MachinesOptions, startMachines } from './start.ts';

export interface MachineClusterOptions extends MachinesOptions {
  /** More flags for `berth up` on the first machine. */
  readonly up?: readonly string[];
  /** More flags for `berth join` on the others. */
  readonly join?: readonly string[];
  /** How many machines stay out of the cluster, the last ones. @default 0 */
  readonly outside?: number;
}

/** A whole cluster over machines that are network namespaces: the first is the server, and a node as the others are. */
export interface MachineCluster extends Machines {
  /** kubectl on the first machine; must succeed; returns what it printed. */
  k(...args: string[]): Promise<string>;
  /** `kubectl apply -f -`; must succeed. */
  apply(yaml: string): Promise<string>;
  /** Makes one more machine a node, as `berth join` does. */
  join(machine: Machine): Promise<void>;
}

const startMs = 240_000;

/** Needs root. A failure destroys what there is, and tells the last words of those that ran. */
export async function startMachineCluster(options: MachineClusterOptions): Promise<MachineCluster> {
  const machines = await startMachines(options);
  const first = machines.machine(1);
  const join = async (machine: Machine): Promise<void> => {
    const created = await must(first, first.berth(['token', 'create']));
    // The line that people copy, as it is.
    const words = created.stdout.trim().split(/\s+/);
    const args = words.slice(words.indexOf('join'));
    const flags = ['--node-name', machine.name, ...(options.join ?? [])];
    await must(machine, machine.berth([...args, ...flags], { timeoutMs: startMs }));
  };
  try {
    const flags = ['--no-hello', '--node-name', first.name, ...(options.up ?? [])];
    await must(first, first.berth(['up', ...flags], { timeoutMs: startMs }));
    await Promise.all(machines.machines.slice(1, options.count - (options.outside ?? 0)).map(join));
  } catch (error) {
    await machines.destroy();
    throw error;
  }
  return {
    ...machines,
    k: (...args) => first.k(...args),
    async apply(yaml) {
      return (await must(first, first.kubectl(['apply', '-f', '-'], { input: yaml }))).stdout;
    },
    join,
  };
}

async function must(machine: Machine, running: Promise<RunResult>): Promise<RunResult> {
  const result = await running;
  if (result.code === 0) return result;
  const log = await machine.run('sh', ['-c', `tail -n 30 ${machine.layout.logDir}/*.log`]);
  throw new Error(
    `${machine.name}: ended with ${result.code ?? 'a time-out'}\n${result.stdout}${result.stderr}\n${log.stdout}`,
  );
}
