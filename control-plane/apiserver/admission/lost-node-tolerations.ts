import type { ClusterConfig } from '#api/cluster-config.ts';
import { type LostNodeSeconds, tolerateLostNodes } from '#api/defaults/pod-admission.ts';
import type { V1Pod } from '#api/generated/types.ts';
import { pods } from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import type { AdmissionHook } from '../registry/admission.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

/** A runtime that is started anew is no reason to move what runs on: only a longer trouble is. */
const notReadySecondsMin = 60;

export const lostNodeSeconds = ({ evictSeconds }: Pick<ClusterConfig, 'evictSeconds'>): LostNodeSeconds => ({
  notReady: Math.max(notReadySecondsMin, evictSeconds),
  unreachable: evictSeconds,
});

/** Gives new pods that say nothing of it the time that this cluster lets them stay on a node that is lost. */
export function createLostNodeTolerations(seconds: LostNodeSeconds): AdmissionHook {
  return {
    name: 'lost-node-tolerations',
    async admit({ definition, operation, subresource, object }) {
      if (operation === 'CREATE' && subresource === undefined && object && isPod(definition, object))
        tolerateLostNodes(object, seconds);
    },
  };
}

/** Callers in process need not say the kind in the object. */
const isPod = ({ type }: ResourceDefinition, _object: KubeObject): _object is V1Pod =>
  type.group === pods.group && type.resource === pods.resource;
