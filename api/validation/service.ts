import { isExternallyAccessible } from '../defaults/service.ts';
import { type FieldError, fieldDuplicate, fieldForbidden, fieldInvalid, fieldRequired } from '../field-error.ts';
import type { V1Service, V1ServicePort, V1ServiceSpec } from '../generated/types.ts';
import {
  all,
  dnsLabel,
  each,
  labels,
  oneOf,
  portNumber,
  portNumberOrName,
  qualifiedName,
  requiredOneOf,
} from './fields.ts';
import { cidrProblems, dnsSubdomainProblems, ipProblems } from './formats.ts';
import { isIP, specialAddressProblem } from './ip.ts';
import { protocols } from './pod/network.ts';
import { clusterIPs, isHeadless } from './service-ips.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const affinitySecondsMax = 86_400;

export function validateService({ spec = {} }: V1Service): FieldError[] {
  const { ports = [], type = '' } = spec;
  const errors: FieldError[] = [];
  if (ports.length === 0 && !isHeadless(spec) && type !== 'ExternalName') errors.push(fieldRequired('spec.ports'));
  if ((type === 'LoadBalancer' || type === 'NodePort') && isHeadless(spec)) {
    errors.push(fieldInvalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`));
  }
  if (type === 'ExternalName') errors.push(...externalName(spec));
  errors.push(
    ...servicePorts(ports),
    ...labels(spec.selector, 'spec.selector'),
    ...affinity(spec),
    ...clusterIPs(spec),
    ...each(spec.externalIPs, 'spec.externalIPs', address),
    ...requiredOneOf(type, 'spec.type', types),
    ...portsOf(spec),
    ...loadBalancer(spec),
    ...trafficPolicies(spec),
  );
  return errors;
}

function externalName(spec: V1ServiceSpec): FieldError[] {
  const words = 'may not be set for ExternalName services';
  const errors: FieldError[] = [];
  if (spec.clusterIPs?.length) errors.push(fieldForbidden('spec.clusterIPs', words));
  if (spec.ipFamilies?.length) errors.push(fieldForbidden('spec.ipFamilies', words));
  if (spec.ipFamilyPolicy) errors.push(fieldForbidden('spec.ipFamilyPolicy', words));
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  return name
    ? [...errors, ...all(dnsSubdomainProblems(name), 'spec.externalName', name)]
    : [...errors, fieldRequired('spec.externalName')];
}

function servicePorts(ports: readonly V1ServicePort[]): FieldError[] {
  const names = new Set<string>();
  return each(ports, 'spec.ports', (port, path) => {
    const errors: FieldError[] = [];
    if (port.name) {
      errors.push(...dnsLabel(port.name, `${path}.name`));
      if (names.has(port.name)) errors.push(fieldDuplicate(`${path}.name`, port.name));
      names.add(port.name);
    } else if (ports.length > 1) errors.push(fieldRequired(`${path}.name`));
    return [
      ...errors,
      ...portNumber(port.port ?? 0, `${path}.port`),
      ...requiredOneOf(port.protocol, `${path}.protocol`, protocols),
      ...portNumberOrName(port.targetPort ?? port.port ?? 0, `${path}.targetPort`),
      ...(port.appProtocol === undefined ? [] : qualifiedName(port.appProtocol, `${path}.appProtocol`)),
    ];
  });
}

/** What ports of one service may not share, and node ports where there are none. */
function portsOf({ ports, type }: V1ServiceSpec): FieldError[] {
  const none =
    type === 'ClusterIP'
      ? each(ports, 'spec.ports', (port, path) =>
          port.nodePort ? [fieldForbidden(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'")] : [],
        )
      : [];
  const nodePorts = new Set<string>();
  const doubledNodePorts = each(ports, 'spec.ports', (port, path) => {
    const key = `${port.protocol}/${port.nodePort}`;
    if (!port.nodePort) return [];
    const double = nodePorts.has(key);
    nodePorts.add(key);
    return double ? [fieldDuplicate(`${path}.nodePort`, port.nodePort)] : [];
  });
  const seen = new Set<string>();
  const doubledPorts = each(ports, 'spec.ports', (port, path) => {
    const key = `${port.protocol}/${port.port}`;
    const double = seen.has(key);
    seen.add(key);
    return double ? [fieldDuplicate(path, { port: port.port, protocol: port.protocol })] : [];
  });
  return [...none, ...doubledNodePorts, ...doubledPorts];
}

function affinity(spec: V1ServiceSpec): FieldError[] {
  const field = 'spec.sessionAffinityConfig';
  const errors = requiredOneOf(spec.sessionAffinity, 'spec.sessionAffinity', ['ClientIP', 'None']);
  const config = spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'None' && config) {
    return [...errors, fieldForbidden(field, 'must not be set when session affinity is None')];
  }
  if (spec.sessionAffinity !== 'ClientIP') return errors;
  const why = 'when session affinity type is ClientIP';
  if (!config) return [...errors, fieldRequired(field, why)];
  if (!config.clientIP) return [...errors, fieldRequired(`${field}.clientIP`, why)];
  const seconds = config.clientIP.timeoutSeconds;
  const path = `${field}.clientIP.timeoutSeconds`;
  if (seconds === undefined) return [...errors, fieldRequired(path, why)];
  return seconds > 0 && seconds <= affinitySecondsMax
    ? errors
    : [...errors, fieldInvalid(path, seconds, `must be greater than 0 and less than ${affinitySecondsMax}`)];
}

function address(ip: string, field: string): FieldError[] {
  if (!isIP(ip)) return all(ipProblems(ip), field, ip);
  const problem = specialAddressProblem(ip);
  return problem ? [fieldInvalid(field, ip, problem)] : [];
}

function loadBalancer(spec: V1ServiceSpec): FieldError[] {
  const only = "may only be used when `type` is 'LoadBalancer'";
  const is = spec.type === 'LoadBalancer';
  const errors: FieldError[] = [];
  if (spec.loadBalancerSourceRanges?.length) {
    const field = 'spec.LoadBalancerSourceRanges';
    if (!is) errors.push(fieldForbidden(field, only));
    errors.push(
      ...each(spec.loadBalancerSourceRanges, field, (range, path) =>
        all(cidrProblems(range.trim()), path, range.trim()),
      ),
    );
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && !is) {
    errors.push(fieldForbidden('spec.allocateLoadBalancerNodePorts', only));
  }
  if (spec.loadBalancerClass !== undefined) {
    if (!is) errors.push(fieldForbidden('spec.loadBalancerClass', "may only be used when type is 'LoadBalancer'"));
    else errors.push(...qualifiedName(spec.loadBalancerClass, 'spec.loadBalancerClass'));
  }
  return errors;
}

function trafficPolicies(spec: V1ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const external = spec.externalTrafficPolicy;
  const field = 'spec.externalTrafficPolicy';
  if (isExternallyAccessible(spec)) errors.push(...requiredOneOf(external, field, ['Cluster', 'Local']));
  else if (external) errors.push(fieldInvalid(field, external, 'may only be set for externally-accessible services'));
  const checked = spec.type === 'LoadBalancer' && external === 'Local';
  if (!checked && spec.healthCheckNodePort) {
    const words = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(fieldInvalid('spec.healthCheckNodePort', spec.healthCheckNodePort, words));
  }
  if (spec.internalTrafficPolicy === undefined && spec.type !== 'ExternalName') {
    errors.push(fieldRequired('spec.internalTrafficPolicy'));
  }
  return [
    ...errors,
    ...oneOf(spec.internalTrafficPolicy, 'spec.internalTrafficPolicy', ['Cluster', 'Local']),
    ...oneOf(spec.trafficDistribution, 'spec.trafficDistribution', ['PreferClose', 'PreferSameNode', 'PreferSameZone']),
  ];
}

export function validateServiceStatus({ status }: V1Service): FieldError[] {
  return each(status?.loadBalancer?.ingress, 'status.loadBalancer.ingress', (ingress, path) => {
    const errors = ingress.ip ? all(ipProblems(ingress.ip), `${path}.ip`, ingress.ip) : [];
    if (ingress.ip && ingress.ipMode === undefined) {
      errors.push(fieldRequired(`${path}.ipMode`, 'must be specified when `ip` is set'));
    } else if (ingress.ipMode !== undefined && !ingress.ip) {
      errors.push(fieldForbidden(`${path}.ipMode`, 'may not be specified when `ip` is not set'));
    } else errors.push(...oneOf(ingress.ipMode, `${path}.ipMode`, ['Proxy', 'VIP']));
    if (!ingress.hostname) return errors;
    errors.push(...all(dnsSubdomainProblems(ingress.hostname), `${path}.hostname`, ingress.hostname));
    if (!isIP(ingress.hostname)) return errors;
    return [...errors, fieldInvalid(`${path}.hostname`, ingress.hostname, 'must be a DNS name, not an IP address')];
  });
}
