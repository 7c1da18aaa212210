import type { NodeHost, PodHost, PodPlace } from './host.ts';

/** A machine that is only imagined: for simulation and tests. It does no I/O and needs no time. */
export interface HollowHost {
  readonly pods: PodHost;
  readonly node: NodeHost;
  /** What the pods have on the machine: uid → volume name → path. */
  readonly volumes: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

export interface HollowHostOptions {
  readonly hostname: string;
  readonly address?: string;
  readonly cpuMilli?: number;
  readonly memoryBytes?: number;
}

const gibi = 1024 ** 3;

export function createHollowHost(options: HollowHostOptions): HollowHost {
  const volumes = new Map<string, Map<string, string>>();
  const places = new Map<string, PodPlace>();
  const ofPod = (uid: string): Map<string, string> => {
    const found = volumes.get(uid) ?? new Map<string, string>();
    volumes.set(uid, found);
    return found;
  };
  const memoryBytes = options.memoryBytes ?? 8 * gibi;
  return {
    volumes,
    pods: {
      logDirectory: ({ namespace, name, uid }) => `/hollow/logs/${namespace}_${name}_${uid}`,
      terminationLog: ({ uid }, container, attempt) => `/hollow/pods/${uid}/${container}/${attempt}`,
      cgroupParent: ({ uid, qos }) => `/hollow/${qos.toLowerCase()}/pod${uid}`,
      async preparePod(place) {
        places.set(place.uid, place);
      },
      async setUpVolume(place, plan) {
        const path = plan.kind === 'host-path' ? plan.path : `/hollow/pods/${place.uid}/volumes/${plan.name}`;
        ofPod(place.uid).set(plan.name, path);
        return { path };
      },
      resolveSubPath: async (_place, { volumePath, subPath }) => `${volumePath}/${subPath}`,
      writeHostsFile: async ({ uid }) => `/hollow/pods/${uid}/etc-hosts`,
      async createTerminationLog() {},
      readTail: async () => '',
      async removeContainerFiles() {},
      async releasePod(place) {
        volumes.delete(place.uid);
      },
      async removePod(place) {
        volumes.delete(place.uid);
        places.delete(place.uid);
      },
      listPods: async () => [...places.values()],
    },
    node: {
      facts: async () => ({
        hostname: options.hostname,
        architecture: 'amd64',
        operatingSystem: 'linux',
        osImage: 'Hollow',
        kernelVersion: '0.0.0-hollow',
        machineId: `machine-${options.hostname}`,
        systemUuid: `system-${options.hostname}`,
        bootId: `boot-${options.hostname}`,
        cpuMilli: options.cpuMilli ?? 4_000,
        memoryBytes,
        swapBytes: 0,
        hugepages: {},
        ephemeralStorageBytes: 100 * gibi,
        pidsMax: 32_768,
        unifiedCgroups: true,
        addresses: [options.address ?? '192.0.2.1'],
      }),
      usage: async () => ({
        memoryAvailableBytes: memoryBytes / 2,
        diskAvailableBytes: 50 * gibi,
        diskTotalBytes: 100 * gibi,
        inodesFree: 1_000_000,
        inodesTotal: 2_000_000,
        pids: 100,
      }),
      resolvConf: async () => 'nameserver 192.0.2.53\n',
    },
  };
}
