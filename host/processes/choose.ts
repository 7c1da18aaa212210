import { existsSync, readlinkSync } from 'node:fs';
import type { Clock } from '#base/clock.ts';
import type { HostLayout } from '../layout.ts';
import type { ProcessKeeper } from './keeper.ts';
import { createSupervisorKeeper } from './supervised.ts';
import { createSystemdKeeper } from './systemd/keeper.ts';

export interface Keepers {
  /** For what is started now. */
  readonly chosen: ProcessKeeper;
  /** Every one that may keep something here: machines change, and what was started once must be found again. */
  readonly all: readonly ProcessKeeper[];
}

/** systemd where it runs the machine that we are on, our own supervisor elsewhere. */
export function keepersOf(layout: HostLayout, clock: Clock): Keepers {
  const supervisor = createSupervisorKeeper(layout, clock);
  if (!existsSync('/run/systemd/system')) return { chosen: supervisor, all: [supervisor] };
  const systemd = createSystemdKeeper(layout);
  return { chosen: sharesNamespacesWithInit() ? systemd : supervisor, all: [supervisor, systemd] };
}

/** Units start in the namespaces of process 1; from within others (a container, a test's machine) they would be elsewhere. */
function sharesNamespacesWithInit(): boolean {
  try {
    return ['net', 'pid'].every((kind) => readlinkSync(`/proc/1/ns/${kind}`) === readlinkSync(`/proc/self/ns/${kind}`));
  } catch {
    return false;
  }
}
