import { type FieldError, fieldDuplicate, fieldForbidden, fieldInvalid } from '../../field-error.ts';
import type { V1ContainerStatus, V1Pod } from '../../generated/types.ts';
import { all, each, immutableField, optionalName, qualifiedName } from '../fields.ts';
import { ipProblems } from '../formats.ts';
import { isIPv4 } from '../ip.ts';

const systemConditions = ['PodScheduled', 'Ready', 'Initialized'];

/** What may not happen in a status: leaving a final state, changing the QoS class. */
export function validatePodStatusUpdate(pod: V1Pod, old: V1Pod): FieldError[] {
  const { status = {}, spec } = pod;
  const before = old.status ?? {};
  const policy = old.spec?.restartPolicy ?? 'Always';
  const sidecars = new Set(
    (old.spec?.initContainers ?? []).filter((one) => one.restartPolicy === 'Always').map((one) => one.name),
  );
  return [
    ...each(status.conditions, 'metadata.conditions', (condition, path) =>
      systemConditions.includes(condition.type) ? [] : qualifiedName(condition.type ?? '', `${path}.Type`),
    ),
    ...(spec?.nodeName === old.spec?.nodeName
      ? []
      : [fieldForbidden('status.nodeName', 'may not be changed directly')]),
    ...(status.nominatedNodeName === before.nominatedNodeName
      ? []
      : optionalName(status.nominatedNodeName, 'status.nominatedNodeName')),
    ...(before.qosClass === undefined ? [] : immutableField(status.qosClass, before.qosClass, 'status.qosClass')),
    ...finalStaysFinal(
      status.containerStatuses,
      before.containerStatuses,
      'status.containerStatuses',
      policy,
      new Set(ownPolicy(old)),
    ),
    ...finalStaysFinal(
      status.initContainerStatuses,
      before.initContainerStatuses,
      'status.initContainerStatuses',
      policy,
      sidecars,
    ),
    ...finalStaysFinal(
      status.ephemeralContainerStatuses,
      before.ephemeralContainerStatuses,
      'status.ephemeralContainerStatuses',
      'Never',
      new Set(),
    ),
    ...addresses(status.podIPs, 'status.podIPs'),
    ...hostAddresses(pod),
  ];
}

/** Containers with a restart policy of their own may leave the final state. */
const ownPolicy = (pod: V1Pod): string[] =>
  (pod.spec?.containers ?? []).filter((one) => one.restartPolicy !== undefined).map((one) => one.name);

function finalStaysFinal(
  now: readonly V1ContainerStatus[] | undefined,
  before: readonly V1ContainerStatus[] | undefined,
  field: string,
  policy: string,
  mayRestart: ReadonlySet<string>,
): FieldError[] {
  if (policy === 'Always') return [];
  return each(before, field, (old, path) => {
    const ended = old.state?.terminated;
    if (!ended || (ended.exitCode !== 0 && policy === 'OnFailure') || mayRestart.has(old.name)) return [];
    const revived = (now ?? []).some((status) => status.name === old.name && !status.state?.terminated);
    return revived ? [fieldForbidden(`${path}.state`, 'may not be transitioned to non-terminated state')] : [];
  });
}

function addresses(ips: readonly { ip: string }[] | undefined, field: string): FieldError[] {
  const list = ips ?? [];
  const errors = each(list, field, ({ ip }, path) => all(ipProblems(ip ?? ''), `${path}`, ip ?? ''));
  if (list.length <= 1) return errors;
  const families = new Set(list.map(({ ip }) => isIPv4(ip ?? '')));
  if (families.size < 2 || list.length > 2) {
    errors.push(fieldInvalid(field, list, 'may specify no more than one IP for each IP family'));
  }
  const seen = new Set<string>();
  const doubles = each(list, field, (one, path) => {
    const double = seen.has(one.ip);
    seen.add(one.ip);
    return double ? [fieldDuplicate(path, one)] : [];
  });
  return [...errors, ...doubles];
}

function hostAddresses(pod: V1Pod): FieldError[] {
  const { hostIP, hostIPs = [] } = pod.status ?? {};
  const first = hostIPs[0]?.ip;
  const errors = addresses(hostIPs, 'status.hostIPs');
  return first === undefined || first === (hostIP ?? '')
    ? errors
    : [fieldInvalid('status.hostIPs[0].ip', first, 'must be equal to `hostIP`'), ...errors];
}
