import { type FieldError, fieldDuplicate, fieldInvalid, fieldRequired } from '../../field-error.ts';
import type { V1Container, V1HostAlias, V1PodSpec } from '../../generated/types.ts';
import { all, each, oneOf, portNumber, requiredOneOf } from '../fields.ts';
import { dnsSubdomainProblems, dnsSubdomainWithUnderscoreProblems, ipProblems, portNameProblems } from '../formats.ts';

export const protocols = ['SCTP', 'TCP', 'UDP'];

/** What the resolver of the C library can take. */
const nameserversMax = 3;
const searchesMax = 32;
const searchCharactersMax = 2048;

export function containerPorts(container: V1Container, field: string): FieldError[] {
  const names = new Set<string>();
  return each(container.ports, field, (port, path) => {
    const errors: FieldError[] = [];
    if (port.name) {
      const problems = all(portNameProblems(port.name), `${path}.name`, port.name);
      if (problems.length === 0 && names.has(port.name)) problems.push(fieldDuplicate(`${path}.name`, port.name));
      names.add(port.name);
      errors.push(...problems);
    }
    errors.push(
      ...(port.containerPort
        ? portNumber(port.containerPort, `${path}.containerPort`)
        : [fieldRequired(`${path}.containerPort`)]),
    );
    if (port.hostPort) errors.push(...portNumber(port.hostPort, `${path}.hostPort`));
    if (port.hostIP) errors.push(...all(ipProblems(port.hostIP), `${path}.hostIP`, port.hostIP));
    return [...errors, ...requiredOneOf(port.protocol, `${path}.protocol`, protocols)];
  });
}

/** No two containers may ask for the same port of the host. */
export function hostPortConflicts(containers: readonly V1Container[], field: string): FieldError[] {
  const taken = new Set<string>();
  return each(containers, field, (container, path) =>
    each(container.ports, `${path}.ports`, (port, portPath) => {
      if (!port.hostPort) return [];
      const key = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (taken.has(key)) return [fieldDuplicate(`${portPath}.hostPort`, key)];
      taken.add(key);
      return [];
    }),
  );
}

/** In a template the host's port may still be open; it is filled in when the pod is made. */
export function hostNetworkPorts(spec: V1PodSpec, field: string, isPod: boolean): FieldError[] {
  if (!spec.hostNetwork) return [];
  return each(spec.containers, `${field}.containers`, (container, path) =>
    each(container.ports, `${path}.ports`, (port, portPath) => {
      const hostPort = port.hostPort ?? 0;
      if ((!isPod && hostPort === 0) || hostPort === port.containerPort) return [];
      const words = 'must match `containerPort` when `hostNetwork` is true';
      return [fieldInvalid(`${portPath}.hostPort`, hostPort, words)];
    }),
  );
}

export function dns(spec: V1PodSpec, specField: string): FieldError[] {
  const { dnsConfig: config, dnsPolicy: policy } = spec;
  const field = `${specField}.dnsConfig`;
  if (policy === 'None' && !config) {
    return [fieldRequired(field, 'must provide `dnsConfig` when `dnsPolicy` is None')];
  }
  if (!config) return [];
  const { nameservers = [], searches = [] } = config;
  if (policy === 'None' && nameservers.length === 0) {
    const words = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
    return [fieldRequired(`${field}.nameservers`, words)];
  }
  const errors: FieldError[] = [];
  if (nameservers.length > nameserversMax) {
    const words = `must not have more than ${nameserversMax} nameservers`;
    errors.push(fieldInvalid(`${field}.nameservers`, nameservers, words));
  }
  errors.push(...each(nameservers, `${field}.nameservers`, (ip, path) => all(ipProblems(ip), path, ip)));
  if (searches.length > searchesMax) {
    errors.push(fieldInvalid(`${field}.searches`, searches, `must not have more than ${searchesMax} search paths`));
  }
  if (searches.join(' ').length > searchCharactersMax) {
    const words = `must not have more than ${searchCharactersMax} characters (including spaces) in the search list`;
    errors.push(fieldInvalid(`${field}.searches`, searches, words));
  }
  return [
    ...errors,
    ...each(searches, `${field}.searches`, (search, path) => {
      const name = search.replace(/\.$/, '');
      return search === '.' ? [] : all(dnsSubdomainWithUnderscoreProblems(name), path, name);
    }),
    ...each(config.options, `${field}.options`, ({ name }, path) =>
      name ? [] : [fieldRequired(path, 'must not be empty')],
    ),
  ];
}

export const dnsPolicy = (policy: string | undefined, field: string): FieldError[] =>
  policy
    ? oneOf(policy, field, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'])
    : [fieldRequired(field)];

export const hostAliases = (aliases: readonly V1HostAlias[] | undefined, field: string): FieldError[] =>
  each(aliases, field, (alias, path) => [
    ...all(ipProblems(alias.ip ?? ''), `${path}.ip`, alias.ip ?? ''),
    ...each(alias.hostnames, `${path}.hostnames`, (name, at) => all(dnsSubdomainProblems(name), at, name)),
  ]);
