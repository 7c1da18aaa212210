import { type FieldError, fieldForbidden, fieldInvalid } from '../../field-error.ts';
import type { V1Pod, V1PodTemplateSpec } from '../../generated/types.ts';
import { each, labels } from '../fields.ts';
import { imageSpaces } from './containers.ts';
import { podSpec } from './spec.ts';

const mirrorAnnotation = 'kubernetes.io/config.mirror';
const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost';

/** Everything but the metadata; for creation and, before the rules of change, for updates. */
export function validatePod(pod: V1Pod): FieldError[] {
  const spec = pod.spec ?? { containers: [] };
  const tokens = spec.serviceAccountName
    ? []
    : each(spec.volumes, 'spec.volumes', (volume, path) =>
        each(volume.projected?.sources, `${path}.projected.sources`, (source, at) =>
          source.serviceAccountToken
            ? [fieldForbidden(`${at}.serviceAccountToken`, 'must not be specified when serviceAccountName is not set')]
            : [],
        ),
      );
  return [
    ...annotations(pod.metadata?.annotations, spec.nodeName),
    ...podSpec(spec, 'spec', { isPod: true, podName: pod.metadata?.name }),
    ...tokens,
    ...each(spec.containers, 'spec.containers', imageSpaces),
    ...each(spec.initContainers, 'spec.initContainers', imageSpaces),
  ];
}

/** What holds only at creation. */
export function validateNewPod(pod: V1Pod): FieldError[] {
  const { spec } = pod;
  return [
    ...(spec?.ephemeralContainers?.length
      ? [fieldForbidden('spec.ephemeralContainers', 'cannot be set on create')]
      : []),
    ...(spec?.nodeName && spec.schedulingGates?.length
      ? [fieldForbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared')]
      : []),
  ];
}

function annotations(
  map: Readonly<Record<string, string>> | undefined,
  nodeName: string | undefined,
  field = 'metadata.annotations',
): FieldError[] {
  const errors: FieldError[] = [];
  const mirror = map?.[mirrorAnnotation];
  if (mirror !== undefined && !nodeName) {
    const words = 'must set spec.nodeName if mirror pod annotation is set';
    errors.push(fieldInvalid(`${field}[${mirrorAnnotation}]`, mirror, words));
  }
  const cost = map?.[deletionCostAnnotation];
  if (cost !== undefined && !isInt32(cost)) {
    errors.push(fieldInvalid(`${field}[${deletionCostAnnotation}]`, cost, 'must be a 32bit integer'));
  }
  return errors;
}

const isInt32 = (text: string): boolean =>
  /^(0|-?[1-9][0-9]*)$/.test(text) && Number(text) >= -(2 ** 31) && Number(text) < 2 ** 31;

/** The pod of a workload, before there is one. */
export function podTemplate(template: V1PodTemplateSpec | undefined, field: string): FieldError[] {
  const spec = template?.spec ?? { containers: [] };
  const words = 'ephemeral containers not allowed in pod template';
  return [
    ...labels(template?.metadata?.labels, `${field}.labels`),
    ...annotations(template?.metadata?.annotations, spec.nodeName, `${field}.annotations`),
    ...podSpec(spec, `${field}.spec`, { isPod: false }),
    ...(spec.ephemeralContainers?.length ? [fieldForbidden(`${field}.spec.ephemeralContainers`, words)] : []),
  ];
}
