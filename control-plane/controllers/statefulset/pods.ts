import { isPodAvailable, isPodReady, isPodTerminal } from '../shared/pods.ts';
import type { Pod } from './identity.ts';

export const isTerminating = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;

export const hasEnded = isPodTerminal;

export const isRunningAndReady = (pod: Pod): boolean => pod.status?.phase === 'Running' && isPodReady(pod);

export const isRunningAndAvailable = (pod: Pod, minReadySeconds: number, nowMs: number): boolean =>
  isRunningAndReady(pod) && isPodAvailable(pod, minReadySeconds, nowMs);
