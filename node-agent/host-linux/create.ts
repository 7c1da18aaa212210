import { mkdir } from 'node:fs/promises';
import { hasUnifiedCgroups } from '../cgroups/tree.ts';
import { createCgroupV1 } from '../cgroups/v1.ts';
import { createCgroupV2 } from '../cgroups/v2.ts';
import type { NodeHost, PodHost } from '../pods/host.ts';
import { createLinuxNodeHost } from './node-host.ts';
import { createLinuxPodHost } from './pod-host.ts';

export interface LinuxHostOptions {
  /** State of pods. @default /var/lib/berth/agent */
  readonly root?: string | undefined;
  /** Container logs. @default /var/log/berth/pods */
  readonly logRoot?: string | undefined;
  /** @default berth */
  readonly cgroupRoot?: string | undefined;
  /** The resolver configuration that pods get. @default /etc/resolv.conf */
  readonly resolvConf?: string | undefined;
}

/** The machine we run on, for createAgent. Works with cgroup v1 and v2, with systemd or without. */
export async function createLinuxHost(
  options: LinuxHostOptions = {},
): Promise<{ readonly pods: PodHost; readonly node: NodeHost }> {
  const root = options.root ?? '/var/lib/berth/agent';
  await mkdir(root, { recursive: true });
  const cgroups = (await hasUnifiedCgroups()) ? await createCgroupV2() : await createCgroupV1();
  return {
    pods: createLinuxPodHost({
      root,
      logRoot: options.logRoot ?? '/var/log/berth/pods',
      cgroupRoot: options.cgroupRoot ?? 'berth',
      cgroups,
    }),
    node: createLinuxNodeHost({ root, resolvConf: options.resolvConf }),
  };
}
