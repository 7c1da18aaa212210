import type { HollowContainer } from '#node-agent/runtime/hollow/world.ts';

/** What really runs on all machines, whatever anybody believes or says of it. */
export interface Containers {
  /** Something happened to it; undefined: it is gone. */
  see(machine: string, id: string, container: HollowContainer | undefined): void;
  /** Machines on which the container of this pod runs, by `namespace/pod/container`. */
  runningOn(container: string): readonly string[];
}

/** `twice` is told of each pod name that runs on two machines at once. */
export function watchContainers(twice: (what: string) => void): Containers {
  const byName = new Map<string, Map<string, string>>();
  const nameOf = new Map<string, string>();
  return {
    see(machine, id, container) {
      const key = `${machine}/${id}`;
      if (container?.status.state !== 'running') {
        byName.get(nameOf.get(key) ?? '')?.delete(key);
        nameOf.delete(key);
        return;
      }
      const { namespace, name } = container.sandbox.pod;
      const of = `${namespace}/${name}/${container.config.name}`;
      const running = byName.get(of) ?? new Map<string, string>();
      byName.set(of, running);
      nameOf.set(key, of);
      running.set(key, machine);
      const machines = [...new Set(running.values())];
      if (machines.length > 1) twice(`${of} runs on ${machines.join(' and ')} at once`);
    },
    runningOn: (container) => [...(byName.get(container)?.values() ?? [])],
  };
}
