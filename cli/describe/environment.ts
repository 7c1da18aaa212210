import type { V1Container, V1EnvFromSource, V1EnvVar, V1EnvVarSource, V1Pod } from '#api/generated/types.ts';
import { evaluatePath, formatValue } from '../printers/jsonpath/evaluate.ts';
import { parsePath } from '../printers/jsonpath/parse.ts';
import { indent } from './lines.ts';

/** `pod` is absent for a template: what its fields will say is not known yet. */
export function environmentLines(container: V1Container, pod: V1Pod | undefined): string[] {
  const from = container.envFrom ?? [];
  const variables = container.env ?? [];
  return [
    ...(from.length > 0 ? ['Environment Variables from:', ...indent(from.map(fromLine))] : []),
    ...(variables.length > 0
      ? ['Environment:', ...indent(variables.flatMap((one) => variableLines(one, container, pod)))]
      : ['Environment:\t<none>']),
  ];
}

function fromLine({ configMapRef, secretRef, prefix }: V1EnvFromSource): string {
  const reference = configMapRef ?? secretRef;
  const kind = configMapRef ? 'ConfigMap' : 'Secret';
  const withPrefix = prefix ? ` with prefix '${prefix}'` : '';
  return `${reference?.name ?? ''}\t${kind}${withPrefix}\tOptional: ${reference?.optional ?? false}`;
}

function variableLines({ name, value, valueFrom }: V1EnvVar, container: V1Container, pod: V1Pod | undefined): string[] {
  if (valueFrom) return [`${name}:\t${sourceText(valueFrom, container, pod)}`];
  return (value ?? '').split('\n').map((line, at) => (at === 0 ? `${name}:\t${line}` : `\t${line}`));
}

function sourceText(source: V1EnvVarSource, container: V1Container, pod: V1Pod | undefined): string {
  const { fieldRef, resourceFieldRef, secretKeyRef, configMapKeyRef } = source;
  if (fieldRef) return `${fieldOf(pod, fieldRef.fieldPath)} (${fieldRef.apiVersion ?? 'v1'}:${fieldRef.fieldPath})`;
  if (resourceFieldRef) return `${resourceOf(container, resourceFieldRef.resource)} (${resourceFieldRef.resource})`;
  if (secretKeyRef) {
    return `<set to the key '${secretKeyRef.key}' in secret '${secretKeyRef.name}'>\tOptional: ${secretKeyRef.optional ?? false}`;
  }
  if (configMapKeyRef) {
    return `<set to the key '${configMapKeyRef.key}' of config map '${configMapKeyRef.name}'>\tOptional: ${configMapKeyRef.optional ?? false}`;
  }
  return '<unknown>';
}

/** `metadata.labels['app']` and plain paths. */
const fieldOf = (pod: V1Pod | undefined, path: string): string =>
  pod
    ? evaluatePath(parsePath(`.${path}`), pod)
        .map(formatValue)
        .join(',')
    : '';

function resourceOf(container: V1Container, resource: string): string {
  const [kind, ...name] = resource.split('.');
  const { limits, requests } = container.resources ?? {};
  return (kind === 'limits' ? limits : requests)?.[name.join('.')] ?? 'node allocatable';
}
