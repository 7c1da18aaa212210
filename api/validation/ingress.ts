import { type FieldError, fieldInvalid, fieldNotSupported, fieldRequired } from '../field-error.ts';
import type { V1HTTPIngressPath, V1Ingress, V1IngressBackend, V1IngressClass } from '../generated/types.ts';
import { all, each, optionalName, portNumber, required, requiredName } from './fields.ts';
import { dns1035LabelProblems, dnsSubdomainProblems, portNameProblems, wildcardSubdomainProblems } from './formats.ts';
import { isIP } from './ip.ts';

export function validateIngress({ spec = {} }: V1Ingress): FieldError[] {
  const errors: FieldError[] = [];
  if ((spec.rules ?? []).length === 0 && !spec.defaultBackend) {
    errors.push(fieldInvalid('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'));
  }
  if (spec.defaultBackend) errors.push(...backend(spec.defaultBackend, 'spec.defaultBackend'));
  return [
    ...errors,
    ...each(spec.rules, 'spec.rules', (rule, path) => [
      ...(rule.host ? host(rule.host, `${path}.host`) : []),
      ...(rule.http
        ? (rule.http.paths ?? []).length === 0
          ? [fieldRequired(`${path}.http.paths`)]
          : each(rule.http.paths, `${path}.http.paths`, ingressPath)
        : []),
    ]),
    ...each(spec.tls, 'spec.tls', (tls, path) => [
      ...each(tls.hosts, `${path}.hosts`, host),
      ...optionalName(tls.secretName, `${path}.secretName`),
    ]),
    ...optionalName(spec.ingressClassName, 'spec.ingressClassName'),
  ];
}

function host(name: string, field: string): FieldError[] {
  if (isIP(name)) return [fieldInvalid(field, name, 'must be a DNS name, not an IP address')];
  const problems = name.includes('*') ? wildcardSubdomainProblems(name) : dnsSubdomainProblems(name);
  return all(problems, field, name);
}

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];
const sequencesRefused = ['//', '/./', '/../', '%2f', '%2F'];
const suffixesRefused = ['/..', '/.'];

function ingressPath(entry: V1HTTPIngressPath, field: string): FieldError[] {
  const { path = '', pathType } = entry;
  const errors: FieldError[] = [];
  if (pathType === undefined) errors.push(fieldRequired(`${field}.pathType`, 'pathType must be specified'));
  else if (!pathTypes.includes(pathType)) errors.push(fieldNotSupported(`${field}.pathType`, pathType, pathTypes));
  const exact = pathType === 'Exact' || pathType === 'Prefix';
  const at = `${field}.path`;
  if ((exact || path !== '') && !path.startsWith('/')) {
    errors.push(fieldInvalid(at, path, 'must be an absolute path'));
  }
  if (exact && path.startsWith('/')) {
    for (const sequence of sequencesRefused) {
      if (path.includes(sequence)) errors.push(fieldInvalid(at, path, `must not contain '${sequence}'`));
    }
    for (const suffix of suffixesRefused) {
      if (path.endsWith(suffix)) errors.push(fieldInvalid(at, path, `cannot end with '${suffix}'`));
    }
  }
  return [...errors, ...backend(entry.backend ?? {}, `${field}.backend`)];
}

function backend(value: V1IngressBackend, field: string): FieldError[] {
  const { service, resource } = value;
  if (service && resource) return [fieldInvalid(field, '', 'cannot set both resource and service backends')];
  if (resource) {
    return [
      ...optionalName(resource.apiGroup, `${field}.resource.apiGroup`),
      ...required(resource.kind, `${field}.resource.kind`),
      ...required(resource.name, `${field}.resource.name`),
    ];
  }
  if (!service) return [fieldInvalid(field, '', 'resource or service backend is required')];
  const errors = requiredName(service.name, `${field}.service.name`, dns1035LabelProblems);
  const { name, number } = service.port ?? {};
  const path = `${field}.service`;
  if (name && number) return [...errors, fieldInvalid(path, '', 'cannot set both port name & port number')];
  if (name) return [...errors, ...all(portNameProblems(name), `${path}.port.name`, name)];
  if (number) return [...errors, ...portNumber(number, `${path}.port.number`)];
  return [...errors, fieldRequired(path, 'port name or number is required')];
}

export function validateIngressClass({ spec = {} }: V1IngressClass): FieldError[] {
  const errors = spec.controller
    ? all(dnsSubdomainProblems(spec.controller.split('/')[0] ?? ''), 'spec.controller', spec.controller)
    : [];
  if (spec.controller && !spec.controller.includes('/')) {
    errors.push(
      fieldInvalid('spec.controller', spec.controller, 'must be a domain-prefixed path (such as "acme.io/foo")'),
    );
  }
  if (!spec.controller) errors.push(fieldRequired('spec.controller'));
  if (!spec.parameters) return errors;
  const { kind, name, scope, namespace } = spec.parameters;
  errors.push(...required(kind, 'spec.parameters.kind'), ...required(name, 'spec.parameters.name'));
  if (scope === 'Namespace' && !namespace) {
    errors.push(fieldRequired('spec.parameters.namespace', "`parameters.scope` is set to 'Namespace'"));
  }
  return errors;
}
