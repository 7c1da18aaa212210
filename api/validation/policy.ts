import { type FieldError, fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired } from '../field-error.ts';
import type {
  V1IPBlock,
  V1NetworkPolicy,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
  V1PodDisruptionBudget,
  V2HorizontalPodAutoscaler,
  V2HPAScalingRules,
  V2MetricSpec,
} from '../generated/types.ts';
import { holds, parseIPv4Network } from '../ipv4-network.ts';
import {
  all,
  countOrPercent,
  each,
  labelSelector,
  nonNegative,
  notAboveWhole,
  oneOf,
  portNumberOrName,
  requiredName,
} from './fields.ts';
import { cidrProblems, pathSegmentProblems } from './formats.ts';
import { protocols } from './pod/network.ts';

export function validateDisruptionBudget({ spec }: V1PodDisruptionBudget): FieldError[] {
  const errors: FieldError[] = [];
  if (spec?.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    errors.push(fieldInvalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set'));
  }
  return [
    ...errors,
    ...countOrPercent(spec?.minAvailable, 'spec.minAvailable'),
    ...notAboveWhole(spec?.minAvailable, 'spec.minAvailable'),
    ...countOrPercent(spec?.maxUnavailable, 'spec.maxUnavailable'),
    ...notAboveWhole(spec?.maxUnavailable, 'spec.maxUnavailable'),
    ...labelSelector(spec?.selector, 'spec.selector'),
    ...oneOf(spec?.unhealthyPodEvictionPolicy, 'spec.unhealthyPodEvictionPolicy', ['AlwaysAllow', 'IfHealthyBudget']),
  ];
}

export const validateDisruptionBudgetStatus = ({ status }: V1PodDisruptionBudget): FieldError[] => [
  ...nonNegative(status?.disruptionsAllowed, 'status.disruptionsAllowed'),
  ...nonNegative(status?.currentHealthy, 'status.currentHealthy'),
  ...nonNegative(status?.desiredHealthy, 'status.desiredHealthy'),
  ...nonNegative(status?.expectedPods, 'status.expectedPods'),
];

export function validateNetworkPolicy({ spec }: V1NetworkPolicy): FieldError[] {
  const types = spec?.policyTypes ?? [];
  const errors = [
    ...labelSelector(spec?.podSelector, 'spec.podSelector'),
    ...each(spec?.ingress, 'spec.ingress', (rule, path) => [
      ...each(rule.ports, `${path}.ports`, policyPort),
      ...each(rule.from, `${path}.from`, policyPeer),
    ]),
    ...each(spec?.egress, 'spec.egress', (rule, path) => [
      ...each(rule.ports, `${path}.ports`, policyPort),
      ...each(rule.to, `${path}.to`, policyPeer),
    ]),
  ];
  if (types.length > 2) {
    return [...errors, fieldInvalid('spec.policyTypes', types, 'may not specify more than two policyTypes')];
  }
  return [...errors, ...each(types, 'spec.policyTypes', (type, path) => oneOf(type, path, ['Egress', 'Ingress']))];
}

function policyPort(port: V1NetworkPolicyPort, field: string): FieldError[] {
  const errors = oneOf(port.protocol, `${field}.protocol`, protocols);
  if (port.port !== undefined) errors.push(...portNumberOrName(port.port, `${field}.port`));
  if (port.endPort === undefined) return errors;
  if (port.port === undefined) {
    return [...errors, fieldRequired(`${field}.port`, 'must be specified when `endPort` is specified')];
  }
  if (typeof port.port === 'string') {
    return [
      ...errors,
      fieldInvalid(`${field}.endPort`, port.endPort, 'may not be specified when `port` is non-numeric'),
    ];
  }
  return port.endPort < port.port
    ? [...errors, fieldInvalid(`${field}.endPort`, port.endPort, 'must be greater than or equal to `port`')]
    : errors;
}

function policyPeer(peer: V1NetworkPolicyPeer, field: string): FieldError[] {
  const errors = [
    ...labelSelector(peer.podSelector, `${field}.podSelector`),
    ...labelSelector(peer.namespaceSelector, `${field}.namespaceSelector`),
    ...(peer.ipBlock ? ipBlock(peer.ipBlock, `${field}.ipBlock`) : []),
  ];
  if (!peer.podSelector && !peer.namespaceSelector && !peer.ipBlock) {
    return [...errors, fieldRequired(field, 'must specify a peer')];
  }
  return peer.ipBlock && (peer.podSelector || peer.namespaceSelector)
    ? [...errors, fieldForbidden(field, 'may not specify both ipBlock and another peer')]
    : errors;
}

function ipBlock(block: V1IPBlock, field: string): FieldError[] {
  if (!block.cidr) return [fieldRequired(`${field}.cidr`)];
  const errors = all(cidrProblems(block.cidr), `${field}.cidr`, block.cidr);
  return [
    ...errors,
    ...each(block.except, `${field}.except`, (cidr, path) => {
      const malformed = all(cidrProblems(cidr), path, cidr);
      if (malformed.length > 0 || errors.length > 0 || isInside(cidr, block.cidr)) return malformed;
      return [fieldInvalid(path, cidr, 'must be a strict subset of `cidr`')];
    }),
  ];
}

/** Strictly inside; IPv6 is only compared by its prefix length. */
function isInside(inner: string, outer: string): boolean {
  const [innerIp = '', innerBits = '0'] = inner.split('/');
  const [outerIp = '', outerBits = '0'] = outer.split('/');
  if (Number(innerBits) <= Number(outerBits) || innerIp.includes(':') !== outerIp.includes(':')) return false;
  if (innerIp.includes(':')) return true;
  const [whole, part] = [parseIPv4Network(outer), parseIPv4Network(inner)];
  return whole !== undefined && part !== undefined && holds(whole, part);
}

export function validateAutoscaler({ spec }: V2HorizontalPodAutoscaler): FieldError[] {
  const errors: FieldError[] = [];
  const minReplicas = spec?.minReplicas ?? 1;
  const maxReplicas = spec?.maxReplicas ?? 0;
  if (minReplicas < 1) {
    errors.push(fieldInvalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
  }
  if (maxReplicas < 1) errors.push(fieldInvalid('spec.maxReplicas', maxReplicas, 'must be greater than 0'));
  if (maxReplicas < minReplicas) {
    errors.push(fieldInvalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
  }
  const target = spec?.scaleTargetRef;
  return [
    ...errors,
    ...requiredName(target?.kind, 'spec.scaleTargetRef.kind', pathSegmentProblems),
    ...requiredName(target?.name, 'spec.scaleTargetRef.name', pathSegmentProblems),
    ...each(spec?.metrics, 'spec.metrics', metric),
    ...scalingRules(spec?.behavior?.scaleUp, 'spec.behavior.scaleUp'),
    ...scalingRules(spec?.behavior?.scaleDown, 'spec.behavior.scaleDown'),
  ];
}

const metricSources: Readonly<Record<string, 'containerResource' | 'external' | 'object' | 'pods' | 'resource'>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

function metric(spec: V2MetricSpec, field: string): FieldError[] {
  if (!spec.type) return [fieldRequired(`${field}.type`, 'must specify a metric source type')];
  const name = metricSources[spec.type];
  if (!name) return [fieldNotSupported(`${field}.type`, spec.type, Object.keys(metricSources))];
  const source = spec[name];
  if (!source) return [fieldRequired(`${field}.${name}`, 'must populate information for the given metric source')];
  const extra = Object.values(metricSources).filter((other) => other !== name && spec[other] !== undefined);
  const path = `${field}.${name}.target`;
  const { target } = source;
  const errors = extra.map((other) =>
    fieldForbidden(`${field}.${other}`, 'must populate the given metric source only'),
  );
  if (!target?.type) return [...errors, fieldRequired(`${path}.type`, 'must specify a metric target type')];
  errors.push(...oneOf(target.type, `${path}.type`, ['Utilization', 'Value', 'AverageValue']));
  if (target.averageUtilization !== undefined && target.averageUtilization < 1) {
    errors.push(fieldInvalid(`${path}.averageUtilization`, target.averageUtilization, 'must be greater than 0'));
  }
  return errors;
}

const windowMax = 3600;
const periodMax = 1800;

function scalingRules(rules: V2HPAScalingRules | undefined, field: string): FieldError[] {
  if (!rules) return [];
  const window = rules.stabilizationWindowSeconds ?? 0;
  const path = `${field}.stabilizationWindowSeconds`;
  const errors = nonNegative(window, path);
  if (window > windowMax) errors.push(fieldInvalid(path, window, `must be less than or equal to ${windowMax}`));
  errors.push(...oneOf(rules.selectPolicy, `${field}.selectPolicy`, ['Disabled', 'Max', 'Min']));
  if (rules.policies?.length === 0) errors.push(fieldRequired(`${field}.policies`, 'must specify at least one Policy'));
  return [
    ...errors,
    ...each(rules.policies, `${field}.policies`, (policy, at) => {
      const found = oneOf(policy.type, `${at}.type`, ['Percent', 'Pods']);
      if (!(policy.value > 0)) found.push(fieldInvalid(`${at}.value`, policy.value ?? 0, 'must be greater than zero'));
      const period = policy.periodSeconds ?? 0;
      if (period <= 0) found.push(fieldInvalid(`${at}.periodSeconds`, period, 'must be greater than zero'));
      else if (period > periodMax) {
        found.push(fieldInvalid(`${at}.periodSeconds`, period, `must be less than or equal to ${periodMax}`));
      }
      return found;
    }),
  ];
}
