import type { V1KeyToPath, V1Pod, V1Volume, V1VolumeProjection } from '#api/generated/types.ts';
import { parseQuantity, quantityValue } from '#api/quantity.ts';
import { messageOf } from '#base/error-message.ts';
import type { ObjectSource } from '../pods/env.ts';
import { VolumeError } from '../pods/errors.ts';
import { fieldValue, type PodFacts, resourceValue } from '../pods/field-ref.ts';
import { isSafeName, safeSegments } from './paths.ts';
import type { HostPathType, VolumeFile, VolumePlan } from './plan.ts';

export interface VolumeSources {
  readonly facts: PodFacts;
  readonly objects: ObjectSource;
}

const fileModeDefault = 0o644;
const hostPathTypes: readonly HostPathType[] = [
  '',
  'DirectoryOrCreate',
  'Directory',
  'FileOrCreate',
  'File',
  'Socket',
  'CharDevice',
  'BlockDevice',
];

/** What one volume is to hold now. Throws a VolumeError for missing objects and for kinds that are not supported. */
export async function planVolume(volume: V1Volume, sources: VolumeSources): Promise<VolumePlan> {
  const { name } = volume;
  if (!isSafeName(name)) throw new VolumeError(name, `invalid volume name ${JSON.stringify(name)}`);
  const fsGroup = sources.facts.pod.spec?.securityContext?.fsGroup;
  const group = { fsGroup };
  if (volume.emptyDir) {
    const { medium = '', sizeLimit } = volume.emptyDir;
    if (medium !== '' && medium !== 'Memory')
      throw new VolumeError(name, `storage medium ${JSON.stringify(medium)} of emptyDir is not supported on this node`);
    const sizeLimitBytes = sizeLimit === undefined ? undefined : quantityValue(parseQuantity(sizeLimit));
    return { kind: 'empty-dir', name, medium: medium === 'Memory' ? 'memory' : 'disk', sizeLimitBytes, ...group };
  }
  if (volume.hostPath) {
    const type = hostPathTypes.find((one) => one === (volume.hostPath?.type ?? ''));
    if (type === undefined)
      throw new VolumeError(name, `unknown hostPath type ${JSON.stringify(volume.hostPath.type)}`);
    if (!volume.hostPath.path.startsWith('/') || volume.hostPath.path.split('/').includes('..'))
      throw new VolumeError(name, `invalid hostPath ${JSON.stringify(volume.hostPath.path)}`);
    return { kind: 'host-path', name, path: volume.hostPath.path, type };
  }
  if (volume.configMap) {
    const files = await projectionFiles(name, { configMap: volume.configMap }, volume.configMap.defaultMode, sources);
    return { kind: 'files', name, plugin: 'configmap', medium: 'disk', files, ...group };
  }
  if (volume.secret) {
    const { secretName, ...rest } = volume.secret;
    const secret = { ...rest, ...(secretName !== undefined && { name: secretName }) };
    const files = await projectionFiles(name, { secret }, volume.secret.defaultMode, sources);
    return { kind: 'files', name, plugin: 'secret', medium: 'memory', files, ...group };
  }
  if (volume.downwardAPI) {
    const files = await projectionFiles(
      name,
      { downwardAPI: volume.downwardAPI },
      volume.downwardAPI.defaultMode,
      sources,
    );
    return { kind: 'files', name, plugin: 'downward-api', medium: 'memory', files, ...group };
  }
  if (volume.projected) {
    const byPath = new Map<string, VolumeFile>();
    for (const source of volume.projected.sources ?? []) {
      const files = await projectionFiles(name, source, volume.projected.defaultMode, sources);
      for (const file of files) byPath.set(file.path, file);
    }
    return { kind: 'files', name, plugin: 'projected', medium: 'memory', files: [...byPath.values()], ...group };
  }
  const kind = Object.entries(volume).find(([key, value]) => key !== 'name' && value !== undefined)?.[0];
  if (!kind) return { kind: 'empty-dir', name, medium: 'disk', sizeLimitBytes: undefined, ...group };
  throw new VolumeError(name, `volumes of kind ${kind} are not supported by this node yet`);
}

async function projectionFiles(
  volume: string,
  source: V1VolumeProjection,
  defaultMode: number | undefined,
  { facts, objects }: VolumeSources,
): Promise<VolumeFile[]> {
  const namespace = facts.pod.metadata.namespace ?? '';
  const modeDefault = defaultMode ?? fileModeDefault;
  if (source.configMap) {
    const { name = '', items, optional = false } = source.configMap;
    const found = await objects.configMap(name);
    if (!found && !optional) throw new VolumeError(volume, `configmap ${JSON.stringify(name)} not found`);
    const data = new Map<string, Buffer>();
    for (const [key, text] of Object.entries(found?.data ?? {})) data.set(key, Buffer.from(text, 'utf8'));
    for (const [key, text] of Object.entries(found?.binaryData ?? {})) data.set(key, Buffer.from(text, 'base64'));
    return pick(volume, data, items, modeDefault, optional, `configmap references non-existent config key: `);
  }
  if (source.secret) {
    const { name = '', items, optional = false } = source.secret;
    const found = await objects.secret(name);
    if (!found && !optional) throw new VolumeError(volume, `secret ${JSON.stringify(name)} not found`);
    const entries = Object.entries(found?.data ?? {});
    const data = new Map(entries.map(([key, text]) => [key, Buffer.from(text, 'base64')]));
    return pick(volume, data, items, modeDefault, optional, `references non-existent secret key: `);
  }
  if (source.downwardAPI) {
    return (source.downwardAPI.items ?? []).map((item): VolumeFile => {
      const text = item.fieldRef
        ? fieldValue(item.fieldRef, facts)
        : item.resourceFieldRef
          ? resourceValue(item.resourceFieldRef, undefined, facts)
          : '';
      return { path: checked(volume, item.path), mode: item.mode ?? modeDefault, data: Buffer.from(text, 'utf8') };
    });
  }
  if (source.serviceAccountToken) {
    throw new VolumeError(
      volume,
      `failed to fetch token for service account ${namespace}/${facts.pod.spec?.serviceAccountName ?? 'default'}: service account tokens are not supported by this cluster yet`,
    );
  }
  const kind = Object.keys(source)[0] ?? 'nothing';
  throw new VolumeError(volume, `projection of ${kind} is not supported by this node yet`);
}

function pick(
  volume: string,
  data: ReadonlyMap<string, Buffer>,
  items: readonly V1KeyToPath[] | undefined,
  modeDefault: number,
  optional: boolean,
  missing: string,
): VolumeFile[] {
  if (!items || items.length === 0)
    return [...data].map(([key, bytes]) => ({ path: checked(volume, key), mode: modeDefault, data: bytes }));
  return items.flatMap(({ key, path, mode }) => {
    const bytes = data.get(key);
    if (!bytes) {
      if (optional) return [];
      throw new VolumeError(volume, `${missing}${key}`);
    }
    return [{ path: checked(volume, path), mode: mode ?? modeDefault, data: bytes }];
  });
}

/** The writer keeps names that begin with `..` for itself. */
function checked(volume: string, path: string): string {
  const segments = safeSegments(path);
  if (!segments || segments[0]?.startsWith('..'))
    throw new VolumeError(volume, `invalid path ${JSON.stringify(path)} in volume`);
  return segments.join('/');
}

/** Names of the ConfigMaps and Secrets that a pod's volumes show; their changes reach the running pod. */
export function volumeReferences(pod: V1Pod): {
  readonly configMaps: readonly string[];
  readonly secrets: readonly string[];
} {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  for (const volume of pod.spec?.volumes ?? []) {
    if (volume.configMap?.name) configMaps.add(volume.configMap.name);
    if (volume.secret?.secretName) secrets.add(volume.secret.secretName);
    for (const source of volume.projected?.sources ?? []) {
      if (source.configMap?.name) configMaps.add(source.configMap.name);
      if (source.secret?.name) secrets.add(source.secret.name);
    }
  }
  return { configMaps: [...configMaps], secrets: [...secrets] };
}

/** The words of a FailedMount event. */
export const mountFailure = (error: unknown): string =>
  error instanceof VolumeError
    ? `MountVolume.SetUp failed for volume ${JSON.stringify(error.volume)} : ${error.message}`
    : messageOf(error);
