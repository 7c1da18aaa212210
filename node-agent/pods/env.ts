import type { V1ConfigMap, V1Container, V1EnvFromSource, V1EnvVar, V1Secret } from '#api/generated/types.ts';
import { ContainerConfigError } from './errors.ts';
import { expandReferences } from './expand.ts';
import { fieldValue, type PodFacts, resourceValue } from './field-ref.ts';

/** The ConfigMaps and Secrets of the pod's namespace as they are now; undefined: there is no such object. */
export interface ObjectSource {
  configMap(name: string): Promise<V1ConfigMap | undefined>;
  secret(name: string): Promise<V1Secret | undefined>;
}

/**
 * All variables of a container; later sources win: services, envFrom, env.
 * Throws a ContainerConfigError for what is missing and not optional.
 */
export async function containerEnvironment(
  container: V1Container,
  facts: PodFacts,
  serviceVariables: ReadonlyMap<string, string>,
  objects: ObjectSource,
): Promise<Map<string, string>> {
  const own = new Map<string, string>();
  for (const source of container.envFrom ?? []) await addFrom(own, source, objects, facts);
  for (const variable of container.env ?? []) {
    const value = await valueOfVariable(
      variable,
      container,
      facts,
      objects,
      (name) => own.get(name) ?? serviceVariables.get(name),
    );
    if (value !== undefined) own.set(variable.name, value);
  }
  const result = new Map<string, string>();
  for (const [name, value] of serviceVariables) if (!own.has(name)) result.set(name, value);
  for (const [name, value] of own) result.set(name, value);
  return result;
}

async function addFrom(
  target: Map<string, string>,
  source: V1EnvFromSource,
  objects: ObjectSource,
  facts: PodFacts,
): Promise<void> {
  const prefix = source.prefix ?? '';
  if (source.configMapRef) {
    const name = source.configMapRef.name ?? '';
    const configMap = await objects.configMap(name);
    if (!configMap && source.configMapRef.optional !== true) throw missing('configmap', name);
    for (const [key, value] of Object.entries(configMap?.data ?? {})) target.set(prefix + key, value);
  }
  if (source.secretRef) {
    const name = source.secretRef.name ?? '';
    const secret = await objects.secret(name);
    if (!secret && source.secretRef.optional !== true) throw missing('secret', name);
    for (const [key, value] of Object.entries(secret?.data ?? {})) target.set(prefix + key, decode(value, facts, name));
  }
}

async function valueOfVariable(
  variable: V1EnvVar,
  container: V1Container,
  facts: PodFacts,
  objects: ObjectSource,
  known: (name: string) => string | undefined,
): Promise<string | undefined> {
  const from = variable.valueFrom;
  if (!from) return expandReferences(variable.value ?? '', known);
  if (from.fieldRef) return fieldValue(from.fieldRef, facts);
  if (from.resourceFieldRef) return resourceValue(from.resourceFieldRef, container, facts);
  const namespace = facts.pod.metadata.namespace ?? '';
  if (from.configMapKeyRef) {
    const { key, name = '', optional } = from.configMapKeyRef;
    const configMap = await objects.configMap(name);
    if (!configMap && optional !== true) throw missing('configmap', name);
    const value = configMap?.data?.[key];
    if (value === undefined && optional !== true)
      throw new ContainerConfigError(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
    return value;
  }
  if (from.secretKeyRef) {
    const { key, name = '', optional } = from.secretKeyRef;
    const secret = await objects.secret(name);
    if (!secret && optional !== true) throw missing('secret', name);
    const value = secret?.data?.[key];
    if (value === undefined && optional !== true)
      throw new ContainerConfigError(`couldn't find key ${key} in Secret ${namespace}/${name}`);
    return value === undefined ? undefined : decode(value, facts, name);
  }
  if (from.fileKeyRef) throw new ContainerConfigError(`env ${variable.name}: fileKeyRef is not supported yet`);
  return '';
}

const missing = (kind: 'configmap' | 'secret', name: string): ContainerConfigError =>
  new ContainerConfigError(`${kind} ${JSON.stringify(name)} not found`);

/** Environment variables are text; bytes that are none would reach the program changed. */
function decode(base64: string, facts: PodFacts, name: string): string {
  const bytes = Buffer.from(base64, 'base64');
  const text = bytes.toString('utf8');
  if (text.includes('\0'))
    throw new ContainerConfigError(`secret ${facts.pod.metadata.namespace ?? ''}/${name} holds a NUL byte`);
  return text;
}
