import { existsSync, rmSync } from 'node:fs';
import type { Clock } from '#base/clock.ts';
import { HostError } from '../errors.ts';
import type { HostLayout } from '../layout.ts';
import { keepersOf } from '../processes/choose.ts';
import { loadSettings } from '../settings.ts';
import { restoreSysctls } from '../sysctl.ts';
import { removeCgroup } from './cgroups.ts';
import { unmountAll } from './mounts.ts';
import { removeCniRecords, removeNetwork } from './network.ts';
import { killShims } from './shims.ts';

/** Ends what containerd left running: containers, their shims, mounts, cgroups, interfaces. The state stays. */
export async function removeRuntimeTraces(layout: HostLayout, clock: Clock): Promise<void> {
  const cgroups = await removeCgroup(layout.cgroupRoot, clock);
  await killShims(layout.containerdSocket, clock);
  const mounts = unmountAll([layout.containerdState, layout.containerdRoot, layout.agentDir]);
  removeNetwork(layout, clusterCidrOf(layout));
  removeCniRecords(layout.bridge);
  if (cgroups.length + mounts.length > 0) {
    throw new HostError(
      `something still holds ${[...cgroups, ...mounts].join(', ')}`,
      'See what it is with: fuser -vm PATH, then run the same command again',
    );
  }
}

/** Removes every file too. After it the machine is as it was before `up`, apart from installed packages. */
export async function removeEverything(layout: HostLayout, clock: Clock): Promise<void> {
  await removeRuntimeTraces(layout, clock);
  for (const keeper of keepersOf(layout, clock).all) keeper.forget();
  restoreSysctls(layout);
  for (const folder of [layout.stateDir, layout.runDir, layout.logDir]) {
    if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
  }
}

/** Undefined where nothing was set up, or the settings are damaged: a machine is cleaned all the same. */
function clusterCidrOf({ settingsFile }: HostLayout): string | undefined {
  try {
    return loadSettings(settingsFile)?.cluster.clusterCidr;
  } catch {
    return undefined;
  }
}
