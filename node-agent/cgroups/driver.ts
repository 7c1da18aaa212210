import type { PodCgroupLimits } from '../pods/host.ts';
import type { QosClass } from '../pods/resources.ts';

/** The machine's control groups as far as pods need them. Implementations: v1.ts, v2.ts. */
export interface CgroupDriver {
  /** Makes the pod's group with its limits; what is there is brought up to date. */
  create(path: string, limits: PodCgroupLimits): Promise<void>;
  /** Shares of a group between the root and the pods. */
  setShares(path: string, cpuShares: number): Promise<void>;
  /** Removes the group and what is left below it. */
  remove(path: string): Promise<void>;
  /** Names of the groups directly below. */
  list(path: string): Promise<readonly string[]>;
}

/** `/berth/burstable/pod<uid>`; guaranteed pods stand directly below the root. */
export function podCgroupPath(root: string, qos: QosClass, uid: string): string {
  return `${qosCgroupPath(root, qos)}/pod${uid}`;
}

export function qosCgroupPath(root: string, qos: QosClass): string {
  return qos === 'Guaranteed' ? `/${root}` : `/${root}/${qos.toLowerCase()}`;
}
