import { type FieldError, fieldDuplicate, fieldForbidden, fieldInvalid, fieldRequired } from '../../field-error.ts';
import type { V1PodResourceClaim, V1PodSpec } from '../../generated/types.ts';
import { compareQuantities, formatQuantity } from '../../quantity.ts';
import { all, each, labels, oneOf, optionalName, qualifiedName, requiredName, requiredOneOf } from '../fields.ts';
import { dnsLabelProblems, dnsSubdomainProblems, inclusiveRange } from '../formats.ts';
import { affinity } from './affinity.ts';
import { containers, ephemeralContainers, initContainers, type PodContext } from './containers.ts';
import { dns, dnsPolicy, hostAliases, hostNetworkPorts } from './network.ts';
import { readQuantity, resourceName, resourceRequirements } from './resources.ts';
import { schedulingGates, tolerations, topologySpread } from './scheduling.ts';
import { hostUsersRules, podSecurity } from './security.ts';
import { volumes } from './volumes.ts';

export interface PodSpecOptions {
  /** A pod itself, not the template of one. */
  readonly isPod: boolean;
  readonly podName?: string | undefined;
}

const int32Max = 2_147_483_647;

export function podSpec(spec: V1PodSpec, field: string, { isPod, podName }: PodSpecOptions): FieldError[] {
  const { good, errors } = volumes(spec.volumes, podName, `${field}.volumes`);
  const claimNames = new Set((spec.resourceClaims ?? []).map((claim) => claim.name).filter(Boolean));
  const context: PodContext = { spec, volumes: good, claimNames };
  const deadline = spec.activeDeadlineSeconds;
  return [
    ...(spec.terminationGracePeriodSeconds === undefined
      ? [fieldRequired(`${field}.terminationGracePeriodSeconds`)]
      : []),
    ...errors,
    ...resourceClaims(spec.resourceClaims, `${field}.resourceClaims`),
    ...containers(context, `${field}.containers`),
    ...initContainers(context, `${field}.initContainers`),
    ...ephemeralContainers(context, `${field}.ephemeralContainers`),
    ...podResources(spec, claimNames, `${field}.resources`),
    ...hostNetworkPorts(spec, field, isPod),
    ...requiredOneOf(spec.restartPolicy, `${field}.restartPolicy`, ['Always', 'OnFailure', 'Never']),
    ...dnsPolicy(spec.dnsPolicy, `${field}.dnsPolicy`),
    ...labels(spec.nodeSelector, `${field}.nodeSelector`),
    ...podSecurity(spec, field),
    ...affinity(spec.affinity, `${field}.affinity`),
    ...dns(spec, field),
    ...each(spec.readinessGates, `${field}.readinessGates`, (gate, path) =>
      qualifiedName(gate.conditionType ?? '', `${path}.conditionType`),
    ),
    ...schedulingGates(spec.schedulingGates, `${field}.schedulingGates`),
    ...topologySpread(spec.topologySpreadConstraints, `${field}.topologySpreadConstraints`),
    ...hostUsersRules(spec, field),
    ...optionalName(spec.serviceAccountName, `${field}.serviceAccountName`),
    ...optionalName(spec.nodeName, `${field}.nodeName`),
    ...(deadline !== undefined && (deadline < 1 || deadline > int32Max)
      ? [fieldInvalid(`${field}.activeDeadlineSeconds`, deadline, inclusiveRange(1, int32Max))]
      : []),
    ...optionalName(spec.hostname, `${field}.hostname`, dnsLabelProblems),
    ...optionalName(spec.subdomain, `${field}.subdomain`, dnsLabelProblems),
    ...tolerations(spec.tolerations, `${field}.tolerations`),
    ...hostAliases(spec.hostAliases, `${field}.hostAliases`),
    ...optionalName(spec.priorityClassName, `${field}.priorityClassName`),
    ...(spec.runtimeClassName === undefined
      ? []
      : all(dnsSubdomainProblems(spec.runtimeClassName), `${field}.runtimeClassName`, spec.runtimeClassName)),
    ...oneOf(spec.preemptionPolicy, `${field}.preemptionPolicy`, ['PreemptLowerPriority', 'Never']),
    ...(spec.overhead ? resourceRequirements({ limits: spec.overhead }, claimNames, `${field}.overhead`) : []),
    ...os(spec, `${field}.os`),
  ];
}

function resourceClaims(claims: readonly V1PodResourceClaim[] | undefined, field: string): FieldError[] {
  const names = new Set<string>();
  return each(claims, field, (claim, path) => {
    const errors = names.has(claim.name)
      ? [fieldDuplicate(`${path}.name`, claim.name)]
      : requiredName(claim.name, `${path}.name`, dnsLabelProblems);
    names.add(claim.name);
    const { resourceClaimName: direct, resourceClaimTemplateName: template } = claim;
    if (direct !== undefined && template !== undefined) {
      const words = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      errors.push(fieldInvalid(path, claim, words));
    }
    if (direct === undefined && template === undefined) {
      const words = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`';
      errors.push(fieldInvalid(path, claim, words));
    }
    if (direct !== undefined) errors.push(...all(dnsSubdomainProblems(direct), `${path}.resourceClaimName`, direct));
    if (template === undefined) return errors;
    return [...errors, ...all(dnsSubdomainProblems(template), `${path}.resourceClaimTemplateName`, template)];
  });
}

const podLevelResources = ['cpu', 'memory'];

/** Resources of the whole pod: no container may have a higher limit. */
function podResources(spec: V1PodSpec, claimNames: ReadonlySet<string>, field: string): FieldError[] {
  const { resources } = spec;
  if (!resources) return [];
  const checkName = (name: string, path: string): FieldError[] => {
    const errors = resourceName(name, path);
    if (errors.length > 0 || name.startsWith('hugepages-')) return errors;
    return oneOf(name, path, podLevelResources);
  };
  const errors = resources.claims
    ? [fieldForbidden(`${field}.claims`, 'claims cannot be set for Resources at pod-level')]
    : [];
  errors.push(...resourceRequirements({ ...resources, claims: undefined }, claimNames, field, checkName));
  const tooHigh = each(spec.containers, `${field}.containers`, (container, path) =>
    Object.entries(container.resources?.limits ?? {}).flatMap(([name, text]) => {
      const limit = readQuantity(text);
      const whole = readQuantity(resources.limits?.[name]);
      if (!limit || !whole || compareQuantities(limit, whole) <= 0) return [];
      const words = `must be less than or equal to pod limits of ${formatQuantity(whole)}`;
      return [fieldInvalid(`${path}[${name}].limits`, formatQuantity(limit), words)];
    }),
  );
  return [...errors, ...tooHigh];
}

function os(spec: V1PodSpec, field: string): FieldError[] {
  if (!spec.os) return [];
  return spec.os.name
    ? oneOf(spec.os.name, field, ['linux', 'windows'])
    : [fieldRequired(`${field}.name`, 'cannot be empty')];
}
