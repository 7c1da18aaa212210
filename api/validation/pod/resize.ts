import { type FieldError, fieldForbidden, fieldInvalid } from '../../field-error.ts';
import type { V1Container, V1Pod } from '../../generated/types.ts';
import { qosClassOf } from '../../qos.ts';
import { compareQuantities } from '../../quantity.ts';
import { semanticallyEqual } from '../equal.ts';
import { each } from '../fields.ts';
import { readQuantity } from './resources.ts';

const empty = { containers: [] };

/** `pods/resize`: CPU and memory of running containers may change, the pod's QoS class may not. */
export function validateResize(pod: V1Pod, old: V1Pod): FieldError[] {
  const errors: FieldError[] = [];
  if (old.spec?.resources ?? pod.spec?.resources) {
    return [fieldForbidden('', 'pods with pod-level resources cannot be resized')];
  }
  const before = old.status?.qosClass ?? qosClassOf(old.spec ?? empty);
  if (qosClassOf(pod.spec ?? empty) !== before) {
    errors.push(fieldInvalid('spec', before, 'Pod QOS Class may not change as a result of resizing'));
  }
  const pairs = each(old.spec?.containers, 'spec.containers', (container, path, index) =>
    containerResize(pod.spec?.containers[index], container, `${path}.resources`),
  );
  const init = each(old.spec?.initContainers, 'spec.initContainers', (container, path, index) => {
    const wanted = pod.spec?.initContainers?.[index];
    if (container.restartPolicy === 'Always') return containerResize(wanted, container, `${path}.resources`);
    return semanticallyEqual(wanted, container)
      ? []
      : [fieldForbidden('spec', 'resources for non-sidecar init containers are immutable')];
  });
  return [...errors, ...pairs, ...init];
}

function containerResize(wanted: V1Container | undefined, old: V1Container, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const kind of ['requests', 'limits'] as const) {
    const now = wanted?.resources?.[kind] ?? {};
    const before = old.resources?.[kind] ?? {};
    if (Object.keys(before).some((name) => now[name] === undefined)) {
      errors.push(fieldForbidden(`${field}.${kind}`, `resource ${kind} cannot be removed`));
    }
    const others = new Set(
      [...Object.keys(now), ...Object.keys(before)].filter((name) => name !== 'cpu' && name !== 'memory'),
    );
    if ([...others].some((name) => now[name] !== before[name])) {
      errors.push(fieldForbidden('spec', 'only cpu and memory resources are mutable'));
    }
  }
  const policy = wanted?.resizePolicy?.find((one) => one.resourceName === 'memory')?.restartPolicy ?? 'NotRequired';
  const now = readQuantity(wanted?.resources?.limits?.memory);
  const before = readQuantity(old.resources?.limits?.memory);
  if (policy === 'NotRequired' && now && before && compareQuantities(now, before) < 0) {
    const words = 'memory limits cannot be decreased unless resizePolicy is RestartContainer';
    errors.push(fieldForbidden(`${field}.limits[memory]`, words));
  }
  return errors;
}
