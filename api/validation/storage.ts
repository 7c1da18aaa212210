import { type FieldError, fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired } from '../field-error.ts';
import type { V1PersistentVolume, V1PriorityClass, V1RuntimeClass, V1StorageClass } from '../generated/types.ts';
import { diffText } from './diff.ts';
import { semanticallyEqual } from './equal.ts';
import { dnsLabel, immutableField, oneOf, optionalName, qualifiedName, required } from './fields.ts';
import { noBacksteps } from './paths.ts';
import { nodeSelector } from './pod/affinity.ts';
import { positiveQuantity, resourceRequirements } from './pod/resources.ts';
import { accessModes } from './volume-claim.ts';
import { exactlyOne, sharedSources } from './volume-sources.ts';

export function validateVolume({ spec = {} }: V1PersistentVolume): FieldError[] {
  const capacity = spec.capacity ?? {};
  const errors: FieldError[] = [];
  if (!spec.accessModes?.length) errors.push(fieldRequired('spec.accessModes'));
  errors.push(...accessModes(spec.accessModes, 'spec.accessModes'));
  if (Object.keys(capacity).length === 0) errors.push(fieldRequired('spec.capacity'));
  if (capacity.storage === undefined || Object.keys(capacity).length > 1) {
    errors.push(fieldNotSupported('spec.capacity', capacity, ['storage']));
  }
  for (const [name, text] of Object.entries(capacity)) errors.push(...positiveQuantity(text, `spec.capacity[${name}]`));
  const policy = spec.persistentVolumeReclaimPolicy;
  errors.push(...oneOf(policy, 'spec.persistentVolumeReclaimPolicy', ['Delete', 'Recycle', 'Retain']));
  const affinity = spec.nodeAffinity;
  if (affinity) {
    errors.push(
      ...(affinity.required
        ? nodeSelector(affinity.required, 'spec.nodeAffinity.required')
        : [fieldRequired('spec.nodeAffinity.required', 'must specify required node constraints')]),
    );
  }
  const own = spec.local
    ? [
        {
          name: 'local',
          errors: [
            ...required(spec.local.path, 'spec.local.path'),
            ...noBacksteps(spec.local.path ?? '', 'spec.local.path'),
            ...(affinity ? [] : [fieldRequired('spec.nodeAffinity', 'Local volume requires node affinity')]),
          ],
        },
      ]
    : [];
  errors.push(...exactlyOne([...sharedSources(spec, 'spec'), ...own], 'spec'));
  if (spec.hostPath && /^\/+\.?\/*$/.test(spec.hostPath.path) && policy === 'Recycle') {
    const words = "may not be 'recycle' for a hostPath mount of '/'";
    errors.push(fieldForbidden('spec.persistentVolumeReclaimPolicy', words));
  }
  return [
    ...errors,
    ...optionalName(spec.storageClassName, 'spec.storageClassName'),
    ...oneOf(spec.volumeMode, 'spec.volumeMode', ['Block', 'Filesystem']),
  ];
}

/** What may change of a volume; all the rest is where its data lies. */
const changeable = {
  capacity: undefined,
  accessModes: undefined,
  claimRef: undefined,
  persistentVolumeReclaimPolicy: undefined,
  storageClassName: undefined,
  mountOptions: undefined,
  volumeMode: undefined,
  nodeAffinity: undefined,
  volumeAttributesClassName: undefined,
};

export function validateVolumeUpdate(volume: V1PersistentVolume, old: V1PersistentVolume): FieldError[] {
  const now = { ...volume.spec, ...changeable };
  const before = { ...old.spec, ...changeable };
  const words = 'spec.persistentvolumesource is immutable after creation';
  return [
    ...(semanticallyEqual(now, before)
      ? []
      : [fieldForbidden('spec.persistentvolumesource', `${words}\n${diffText(before, now)}`)]),
    ...immutableField(volume.spec?.volumeMode, old.spec?.volumeMode, 'volumeMode'),
    ...(old.spec?.nodeAffinity ? immutableField(volume.spec?.nodeAffinity, old.spec.nodeAffinity, 'nodeAffinity') : []),
  ];
}

export function validateStorageClass(storage: V1StorageClass): FieldError[] {
  const modes = ['Immediate', 'WaitForFirstConsumer'];
  const provisioner = storage.provisioner
    ? qualifiedName(storage.provisioner.toLowerCase(), 'provisioner')
    : [fieldRequired('provisioner')];
  return [
    ...provisioner,
    ...Object.keys(storage.parameters ?? {}).flatMap((key) =>
      key ? [] : [fieldInvalid('parameters', key, 'field can not be empty.')],
    ),
    ...oneOf(storage.reclaimPolicy, 'reclaimPolicy', ['Delete', 'Retain']),
    ...oneOf(storage.volumeBindingMode, 'volumeBindingMode', modes),
  ];
}

export const validateStorageClassUpdate = (storage: V1StorageClass, old: V1StorageClass): FieldError[] => [
  ...(semanticallyEqual(storage.parameters, old.parameters)
    ? []
    : [fieldForbidden('parameters', 'updates to parameters are forbidden.')]),
  ...(storage.provisioner === old.provisioner
    ? []
    : [fieldForbidden('provisioner', 'updates to provisioner are forbidden.')]),
  ...(storage.reclaimPolicy === old.reclaimPolicy
    ? []
    : [fieldForbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.')]),
  ...immutableField(storage.volumeBindingMode, old.volumeBindingMode, 'volumeBindingMode'),
];

const userPriorityMax = 1_000_000_000;
const systemClasses: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

export function validatePriorityClass(priority: V1PriorityClass): FieldError[] {
  const name = priority.metadata?.name ?? '';
  const value = priority.value ?? 0;
  const errors: FieldError[] = [];
  if (name.startsWith('system-')) {
    if (systemClasses[name] !== value) {
      const words =
        "priority class names with 'system-' prefix are reserved for system use only. error: " +
        (systemClasses[name] === undefined
          ? `${name} is not a known system priority class`
          : `value of ${name} PriorityClass must be ${systemClasses[name]}`);
      errors.push(fieldForbidden('metadata.name', words));
    }
  } else if (value > userPriorityMax) {
    const words = `maximum allowed value of a user defined priority is ${userPriorityMax}`;
    errors.push(fieldForbidden('value', words));
  }
  return [...errors, ...oneOf(priority.preemptionPolicy, 'preemptionPolicy', ['PreemptLowerPriority', 'Never'])];
}

export const validatePriorityClassUpdate = (priority: V1PriorityClass, old: V1PriorityClass): FieldError[] => [
  ...(priority.value === old.value ? [] : [fieldForbidden('value', 'may not be changed in an update.')]),
  ...immutableField(priority.preemptionPolicy, old.preemptionPolicy, 'preemptionPolicy'),
];

export function validateRuntimeClass(runtime: V1RuntimeClass): FieldError[] {
  const overhead = runtime.overhead?.podFixed;
  return [
    ...dnsLabel(runtime.handler ?? '', 'handler'),
    ...(overhead ? resourceRequirements({ limits: overhead }, new Set(), 'overhead.podFixed') : []),
  ];
}

export const validateRuntimeClassUpdate = (runtime: V1RuntimeClass, old: V1RuntimeClass): FieldError[] =>
  immutableField(runtime.handler, old.handler, 'handler');
