import { existsSync, readdirSync } from 'node:fs';
import { cgroupFolders } from '#host/removal/cgroups.ts';
import { mustRun, run } from '../run.ts';
import type { Machine } from './machine.ts';

/** What Berth could leave on a machine, in a form in which two moments can be compared. */
export interface MachineTraces {
  readonly files: readonly string[];
  readonly processes: readonly string[];
  readonly links: readonly string[];
  readonly routes: readonly string[];
  readonly tables: string;
  readonly cgroups: readonly string[];
  readonly mounts: readonly string[];
}

/** Of this machine alone, whatever runs beside it. */
export async function machineTraces({ namespace, home, layout }: Machine): Promise<MachineTraces> {
  const links = await mustRun('ip', ['-n', namespace, '-br', 'link']);
  const routes = await mustRun('ip', ['-n', namespace, 'route']);
  const { stdout: all } = await run('ps', ['-eo', 'args']);
  return {
    files: existsSync(home) ? readdirSync(home).sort() : [],
    processes: all.split('\n').filter((line) => line.includes(`${home}/`)),
    links: lines(links).map((line) => line.split(/[\s@]/)[0] ?? ''),
    routes: lines(routes),
    tables: (await mustRun('nsenter', [`--net=/run/netns/${namespace}`, 'nft', 'list', 'ruleset'])).trim(),
    cgroups: cgroupFolders(layout.cgroupRoot),
    mounts: lines(await mustRun('cat', ['/proc/self/mounts'])).filter((line) => line.includes(`${home}/`)),
  };
}

const lines = (text: string): string[] => text.split('\n').filter(Boolean);
