import type { Plugin } from '../types.ts';
import { defaultSpread } from './default-spread.ts';
import { imageLocality } from './image-locality.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { resourceClaims } from './resource-claims.ts';
import { balancedAllocation, resourcesFit } from './resources-fit.ts';
import { taintToleration } from './taint-toleration.ts';
import { topologySpread } from './topology-spread.ts';
import { volumeClaims } from './volume-claims.ts';

/** In the order they are asked: the first refusal is the one that a user reads. */
export const plugins: readonly Plugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  resourcesFit,
  resourceClaims,
  volumeClaims,
  topologySpread,
  interPodAffinity,
  balancedAllocation,
  defaultSpread,
  imageLocality,
];
