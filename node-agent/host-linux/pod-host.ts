import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { type CgroupDriver, podCgroupPath, qosCgroupPath } from '../cgroups/driver.ts';
import { removeLog } from '../logs/rotation.ts';
import type { PodHost, PodPlace } from '../pods/host.ts';
import type { QosClass } from '../pods/resources.ts';
import { pinSubPath, setUpLinuxVolume } from '../volumes/linux-volumes.ts';
import { isSafeName } from '../volumes/paths.ts';
import { unmountUnder } from './mount-table.ts';
import { codeOf } from './run.ts';

export interface LinuxPodHostOptions {
  /** Everything of pods besides their logs lies below `<root>/pods`. */
  readonly root: string;
  readonly logRoot: string;
  /** Name of the group at the top of all that are ours. */
  readonly cgroupRoot: string;
  readonly cgroups: CgroupDriver;
}

const qosClasses: readonly QosClass[] = ['Guaranteed', 'Burstable', 'BestEffort'];
const sharesMin = 2;

/** Pods on a Linux machine. */
export function createLinuxPodHost({ root, logRoot, cgroupRoot, cgroups }: LinuxPodHostOptions): PodHost {
  const podsFolder = join(root, 'pods');
  /** CPU shares of the pods of the middle class: together they are their class's. */
  const burstable = new Map<string, number>();

  const folderOf = ({ uid }: PodPlace): string => {
    if (!isSafeName(uid)) throw new Error(`invalid pod uid ${JSON.stringify(uid)}`);
    return join(podsFolder, uid);
  };
  const logDirectory = ({ namespace, name, uid }: PodPlace): string => join(logRoot, `${namespace}_${name}_${uid}`);

  // One after the other, each with the sum of its own moment: of two at once, the older sum could be written last.
  let lastShares: Promise<void> = Promise.resolve();
  const setBurstableShares = (): Promise<void> => {
    const set = (): Promise<void> => {
      const sum = [...burstable.values()].reduce((total, shares) => total + shares, 0);
      return cgroups.setShares(qosCgroupPath(cgroupRoot, 'Burstable'), Math.max(sum, sharesMin));
    };
    lastShares = lastShares.then(set, set);
    return lastShares;
  };

  const removeCgroups = async ({ uid }: PodPlace): Promise<void> => {
    for (const qos of qosClasses) await cgroups.remove(podCgroupPath(cgroupRoot, qos, uid));
    if (burstable.delete(uid)) await setBurstableShares();
  };

  const releasePod = async (place: PodPlace): Promise<void> => {
    await unmountUnder(folderOf(place));
    await removeCgroups(place);
  };

  return {
    logDirectory,
    terminationLog: (place, container, attempt) => join(folderOf(place), 'containers', container, String(attempt)),
    cgroupParent: ({ qos, uid }) => podCgroupPath(cgroupRoot, qos, uid),
    async preparePod(place, limits) {
      await mkdir(folderOf(place), { recursive: true, mode: 0o750 });
      await mkdir(logDirectory(place), { recursive: true, mode: 0o755 });
      await cgroups.create(podCgroupPath(cgroupRoot, place.qos, place.uid), limits);
      if (place.qos === 'BestEffort') await cgroups.setShares(qosCgroupPath(cgroupRoot, place.qos), sharesMin);
      if (place.qos !== 'Burstable') return;
      burstable.set(place.uid, limits.cpuShares);
      await setBurstableShares();
    },
    setUpVolume: (place, plan) => setUpLinuxVolume(folderOf(place), plan),
    resolveSubPath: (place, mount) => pinSubPath(folderOf(place), mount),
    async writeHostsFile(place, text) {
      const path = join(folderOf(place), 'etc-hosts');
      await writeFile(path, text, { mode: 0o644 });
      return path;
    },
    async createTerminationLog(path) {
      await mkdir(dirname(path), { recursive: true, mode: 0o755 });
      // Any user of the container may write its last words.
      const handle = await open(path, 'a', 0o666);
      await handle.chmod(0o666);
      await handle.close();
    },
    readTail,
    async removeContainerFiles(place, paths) {
      const own = [folderOf(place), logDirectory(place)];
      // The paths come from labels of the runtime, so they are not believed.
      const safe = paths.filter(
        (path) => path === normalize(path) && own.some((folder) => path.startsWith(`${folder}/`)),
      );
      for (const path of safe) await removeLog(path);
    },
    releasePod,
    async removePod(place) {
      await releasePod(place);
      await rm(folderOf(place), { recursive: true, force: true });
      if (place.name !== '') await rm(logDirectory(place), { recursive: true, force: true });
    },
    async listPods() {
      const names = await readdir(podsFolder).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return [];
        throw error;
      });
      const uids = new Set(names);
      for (const qos of qosClasses)
        for (const group of await cgroups.list(qosCgroupPath(cgroupRoot, qos)))
          if (group.startsWith('pod')) uids.add(group.slice('pod'.length));
      return [...uids].filter(isSafeName).map((uid) => ({ uid, name: '', namespace: '', qos: 'BestEffort' as const }));
    },
  };
}

async function readTail(path: string, bytesMax: number): Promise<string> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      // Files of /proc and the like say 0 and have contents all the same.
      const length = size === 0 ? bytesMax : Math.min(size, bytesMax);
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await handle.read(buffer, 0, length, size === 0 ? null : size - length);
      return buffer.subarray(0, bytesRead).toString('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}
