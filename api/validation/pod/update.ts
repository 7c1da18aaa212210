import { type FieldError, fieldForbidden, fieldInvalid } from '../../field-error.ts';
import type { V1Container, V1Pod, V1PodSpec, V1Toleration } from '../../generated/types.ts';
import { diffText } from '../diff.ts';
import { semanticallyEqual } from '../equal.ts';
import { each } from '../fields.ts';
import { inclusiveRange } from '../formats.ts';

const int32Max = 2_147_483_647;
const updatable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

/** A running pod is what it is: only a few fields of its spec may change. */
export function validatePodUpdate(pod: V1Pod, old: V1Pod): FieldError[] {
  const spec = pod.spec ?? { containers: [] };
  const oldSpec = old.spec ?? { containers: [] };
  const errors = mirrorUnchanged(pod, old);
  for (const name of ['containers', 'initContainers'] as const) {
    if ((spec[name] ?? []).length !== (oldSpec[name] ?? []).length) {
      return [...errors, fieldForbidden(`spec.${name}`, 'pod updates may not add or remove containers')];
    }
  }
  const deadline = spec.activeDeadlineSeconds;
  const oldDeadline = oldSpec.activeDeadlineSeconds;
  if (deadline !== undefined) {
    if (deadline < 0 || deadline > int32Max) {
      return [...errors, fieldInvalid('spec.activeDeadlineSeconds', deadline, inclusiveRange(0, int32Max))];
    }
    if (oldDeadline !== undefined && oldDeadline < deadline) {
      const words = 'must be less than or equal to previous value';
      return [...errors, fieldInvalid('spec.activeDeadlineSeconds', deadline, words)];
    }
  } else if (oldDeadline !== undefined) {
    errors.push(
      fieldInvalid('spec.activeDeadlineSeconds', null, 'must not update from a positive integer to nil value'),
    );
  }
  errors.push(...tolerationsOnlyAdded(spec.tolerations, oldSpec.tolerations), ...gatesOnlyRemoved(spec, oldSpec));
  const munged = withUpdatableOf(spec, oldSpec);
  if (!semanticallyEqual(munged, oldSpec)) {
    const words = `pod updates may not change fields other than ${updatable}`;
    errors.push(fieldForbidden('spec', `${words}\n${diffText(oldSpec, munged)}`));
  }
  return errors;
}

/** The wanted spec with what may change taken from the old one: what still differs may not. */
function withUpdatableOf(spec: V1PodSpec, old: V1PodSpec): V1PodSpec {
  const munged: V1PodSpec = {
    ...spec,
    containers: imagesOf(spec.containers, old.containers) ?? [],
    initContainers: imagesOf(spec.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    tolerations: old.tolerations,
    schedulingGates: old.schedulingGates,
  };
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1) {
    munged.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds;
  }
  if (old.schedulingGates?.length && includes(spec.nodeSelector ?? {}, old.nodeSelector ?? {})) {
    munged.nodeSelector = old.nodeSelector;
  }
  return munged;
}

const imagesOf = (list: readonly V1Container[] | undefined, old: readonly V1Container[] | undefined) =>
  list?.map((container, index) => ({ ...container, image: old?.[index]?.image }));

const includes = (map: Readonly<Record<string, string>>, part: Readonly<Record<string, string>>): boolean =>
  Object.entries(part).every(([key, value]) => map[key] === value);

function tolerationsOnlyAdded(
  now: readonly V1Toleration[] | undefined,
  old: readonly V1Toleration[] | undefined,
): FieldError[] {
  const kept = (old ?? []).every((before) =>
    (now ?? []).some((after) => semanticallyEqual({ ...before, tolerationSeconds: after.tolerationSeconds }, after)),
  );
  return kept
    ? []
    : [fieldForbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
}

function gatesOnlyRemoved(spec: V1PodSpec, old: V1PodSpec): FieldError[] {
  const before = new Set((old.schedulingGates ?? []).map((gate) => gate.name));
  return each(spec.schedulingGates, 'spec.schedulingGates', ({ name }, path) =>
    before.has(name)
      ? []
      : [fieldForbidden(`${path}.name`, `only deletion is allowed, but found new scheduling gate '${name}'`)],
  );
}

function mirrorUnchanged(pod: V1Pod, old: V1Pod): FieldError[] {
  const key = 'kubernetes.io/config.mirror';
  const now = pod.metadata?.annotations?.[key];
  const before = old.metadata?.annotations?.[key];
  if (now === before) return [];
  const field = `metadata.annotations[${key}]`;
  return [fieldForbidden(field, `may not ${before === undefined ? 'add' : 'remove or update'} mirror pod annotation`)];
}

/** `pods/ephemeralcontainers`: those that are there stay as they are. */
export function validateEphemeralContainersUpdate(pod: V1Pod, old: V1Pod): FieldError[] {
  const field = 'spec.ephemeralContainers';
  const now = new Map((pod.spec?.ephemeralContainers ?? []).map((container) => [container.name, container]));
  return (old.spec?.ephemeralContainers ?? []).flatMap((before) => {
    const after = now.get(before.name);
    const name = JSON.stringify(before.name);
    if (!after) return [fieldForbidden(field, `existing ephemeral containers ${name} may not be removed\n`)];
    if (semanticallyEqual(before, after)) return [];
    return [
      fieldForbidden(field, `existing ephemeral containers ${name} may not be changed\n${diffText(before, after)}`),
    ];
  });
}
