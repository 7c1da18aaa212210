import { defaultPod } from '#api/defaults/pod.ts';
import { admitPod } from '#api/defaults/pod-admission.ts';
import type { V1Container, V1Pod } from '#api/generated/types.ts';
import { qosClassOf } from '#api/qos.ts';
import type { Strategy, StrategyContext } from '#api/strategy.ts';
import { validateNewPod, validatePod } from '#api/validation/pod/pod.ts';
import { validateResize } from '#api/validation/pod/resize.ts';
import { validatePodStatusUpdate } from '#api/validation/pod/status.ts';
import { validateEphemeralContainersUpdate, validatePodUpdate } from '#api/validation/pod/update.ts';
import { podWarnings } from '#api/validation/pod/warnings.ts';
import { specAndStatus } from '../strategies.ts';

const terminal = (pod: V1Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

export const podStrategy: Strategy<V1Pod> = specAndStatus<V1Pod>(
  {
    default: defaultPod,
    prepareForCreate(pod, context) {
      admitPod(pod);
      const gated = (pod.spec?.schedulingGates ?? []).length > 0;
      pod.status = {
        phase: 'Pending',
        qosClass: qosClassOf(pod.spec ?? { containers: [] }),
        ...(gated && { conditions: [gatedCondition(context.nowMs)] }),
      };
    },
    prepareForUpdate,
    validate: (pod, context) => [
      ...validatePod(pod),
      // Called for updates too; only a pod without a version is new.
      ...(pod.metadata?.resourceVersion || context.subresource ? [] : validateNewPod(pod)),
    ],
    validateUpdate(pod, old, { subresource }) {
      // The action itself allows one change only: the node of a pod that has none.
      if (subresource === 'binding') return [];
      if (subresource === 'ephemeralcontainers') return validateEphemeralContainersUpdate(pod, old);
      return subresource === 'resize' ? validateResize(pod, old) : validatePodUpdate(pod, old);
    },
    validateStatus: validatePodStatusUpdate,
    warnings: (pod, old) => (old ? [] : podWarnings(pod)),
    gracePeriodSeconds(pod, requested) {
      if (!pod.spec?.nodeName || terminal(pod)) return 0;
      const seconds = requested ?? pod.spec.terminationGracePeriodSeconds ?? 0;
      return seconds < 0 ? 1 : seconds;
    },
    selectableFields: {
      'spec.nodeName': (pod) => pod.spec?.nodeName ?? '',
      'spec.restartPolicy': (pod) => pod.spec?.restartPolicy ?? '',
      'spec.schedulerName': (pod) => pod.spec?.schedulerName ?? '',
      'spec.serviceAccountName': (pod) => pod.spec?.serviceAccountName ?? '',
      'spec.hostNetwork': (pod) => String(pod.spec?.hostNetwork ?? false),
      'status.phase': (pod) => pod.status?.phase ?? '',
      'status.podIP': (pod) => pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '',
      'status.nominatedNodeName': (pod) => pod.status?.nominatedNodeName ?? '',
    },
  },
  { emptyStatus: () => ({}) },
);

const gatedCondition = (nowMs: number) => ({
  type: 'PodScheduled',
  status: 'False',
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
  lastTransitionTime: new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
});

function prepareForUpdate(pod: V1Pod, old: V1Pod, { subresource }: StrategyContext): void {
  const oldSpec = old.spec ?? { containers: [] };
  switch (subresource) {
    case 'status':
      pod.status = { ...pod.status, qosClass: pod.status?.qosClass || old.status?.qosClass };
      if (pod.metadata) pod.metadata.ownerReferences = old.metadata?.ownerReferences;
      return;
    case 'ephemeralcontainers':
      pod.spec = { ...oldSpec, ephemeralContainers: pod.spec?.ephemeralContainers };
      return;
    case 'resize':
      pod.spec = {
        ...oldSpec,
        containers: resized(oldSpec.containers, pod.spec?.containers) ?? [],
        ...(oldSpec.initContainers && { initContainers: resized(oldSpec.initContainers, pod.spec?.initContainers) }),
      };
      return;
    default:
      // Ephemeral containers have their own door: a PUT can neither add nor drop them.
      if (pod.spec) pod.spec.ephemeralContainers = oldSpec.ephemeralContainers;
  }
}

/** The old containers with the wanted resources, found by name. */
const resized = (old: readonly V1Container[] | undefined, wanted: readonly V1Container[] | undefined) =>
  old?.map((container) => {
    const other = wanted?.find((one) => one.name === container.name);
    return other ? { ...container, resources: other.resources, resizePolicy: other.resizePolicy } : container;
  });
