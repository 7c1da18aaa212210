import { type FieldError, fieldDuplicate, fieldForbidden, fieldInvalid, fieldRequired } from '../../field-error.ts';
import type { V1DownwardAPIVolumeFile, V1KeyToPath, V1Volume } from '../../generated/types.ts';
import { compareQuantities, parseQuantity } from '../../quantity.ts';
import { all, each, oneOf, required, requiredName } from '../fields.ts';
import { dnsLabelProblems, dnsSubdomainProblems } from '../formats.ts';
import { descendingPath, fileMode, localPath } from '../paths.ts';
import { claimSpec } from '../volume-claim.ts';
import { exactlyOne, sharedSources } from '../volume-sources.ts';
import { objectField, resourceField, volumeFields } from './env.ts';
import { projectedSources } from './projected.ts';
import { readQuantity } from './resources.ts';

const zero = parseQuantity('0');

/** `podName` is known for pods, not for templates. Only volumes without errors can be mounted. */
export function volumes(
  list: readonly V1Volume[] | undefined,
  podName: string | undefined,
  field: string,
): { good: Map<string, V1Volume>; errors: FieldError[] } {
  const good = new Map<string, V1Volume>();
  const made = new Set((list ?? []).filter((one) => one.ephemeral).map((one) => `${podName ?? ''}-${one.name}`));
  const errors = each(list, field, (volume, path) => {
    const found = [
      ...volumeSource(volume, podName, path),
      ...requiredName(volume.name, `${path}.name`, dnsLabelProblems),
    ];
    if (good.has(volume.name)) found.push(fieldDuplicate(`${path}.name`, volume.name));
    if (found.length === 0) good.set(volume.name, volume);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (podName && claim && made.has(claim)) {
      const words = 'must not reference a PVC that gets created for an ephemeral volume';
      found.push(fieldInvalid(`${path}.persistentVolumeClaim.claimName`, claim, words));
    }
    return found;
  });
  return { good, errors };
}

function volumeSource(volume: V1Volume, podName: string | undefined, field: string): FieldError[] {
  const own: { name: string; errors: FieldError[] }[] = [];
  const check = <T>(value: T | undefined, name: string, errors: (value: T, field: string) => FieldError[]) => {
    if (value !== undefined) own.push({ name, errors: errors(value, `${field}.${name}`) });
  };
  check(volume.emptyDir, 'emptyDir', (value, at) => {
    const limit = readQuantity(value.sizeLimit);
    return limit && compareQuantities(limit, zero) < 0
      ? [fieldForbidden(`${at}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
      : [];
  });
  check(volume.secret, 'secret', (value, at) => [
    ...required(value.secretName, `${at}.secretName`),
    ...fileMode(value.defaultMode, `${at}.defaultMode`),
    ...each(value.items, `${at}.items`, keyToPath),
  ]);
  check(volume.configMap, 'configMap', (value, at) => [
    ...required(value.name, `${at}.name`),
    ...fileMode(value.defaultMode, `${at}.defaultMode`),
    ...each(value.items, `${at}.items`, keyToPath),
  ]);
  check(volume.downwardAPI, 'downwardAPI', (value, at) => [
    ...fileMode(value.defaultMode, `${at}.defaultMode`),
    ...(value.items ?? []).flatMap((file) => downwardFile(file, at)),
  ]);
  check(volume.projected, 'projected', (value, at) => [
    ...fileMode(value.defaultMode, `${at}.defaultMode`),
    ...projectedSources(value.sources ?? [], at, { keyToPath, downwardFile }),
  ]);
  check(volume.persistentVolumeClaim, 'persistentVolumeClaim', (value, at) =>
    required(value.claimName, `${at}.claimName`),
  );
  check(volume.gitRepo, 'gitRepo', (value, at) => [
    ...required(value.repository, `${at}.repository`),
    ...descendingPath(value.directory ?? '', `${at}.directory`),
  ]);
  check(volume.ephemeral, 'ephemeral', (value, at) => {
    const template = value.volumeClaimTemplate;
    if (!template) return [fieldRequired(`${at}.volumeClaimTemplate`)];
    const name = `${podName}-${volume.name}`;
    const problems = podName && volume.name ? dnsSubdomainProblems(name) : [];
    return [
      ...claimSpec(template.spec ?? {}, `${at}.volumeClaimTemplate.spec`),
      ...problems.map((problem) =>
        fieldInvalid(`${field}.name`, volume.name, `PVC name ${JSON.stringify(name)}: ${problem}`),
      ),
    ];
  });
  check(volume.image, 'image', (value, at) => [
    ...required(value.reference, `${at}.reference`),
    ...oneOf(value.pullPolicy, `${at}.pullPolicy`, ['Always', 'IfNotPresent', 'Never']),
  ]);
  const secretName = volume.csi?.nodePublishSecretRef?.name;
  const shared = sharedSources(volume, field);
  const extra =
    volume.csi?.nodePublishSecretRef && !secretName
      ? [fieldRequired(`${field}.csi.nodePublishSecretRef.name`)]
      : all(secretName ? dnsSubdomainProblems(secretName) : [], `${field}.csi.name`, secretName);
  return [...exactlyOne([...own, ...shared], field), ...extra];
}

const keyToPath = (item: V1KeyToPath, field: string): FieldError[] => [
  ...required(item.key, `${field}.key`),
  ...required(item.path, `${field}.path`),
  ...localPath(item.path ?? '', `${field}.path`),
  ...fileMode(item.mode, `${field}.mode`),
];

/** Their paths leave the file's index out. */
function downwardFile(file: V1DownwardAPIVolumeFile, field: string): FieldError[] {
  const errors = [...required(file.path, `${field}.path`), ...localPath(file.path ?? '', `${field}.path`)];
  if (file.fieldRef) {
    errors.push(...objectField(file.fieldRef, volumeFields, `${field}.fieldRef`));
    if (file.resourceFieldRef) {
      errors.push(fieldInvalid(field, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
    }
  } else if (file.resourceFieldRef) {
    errors.push(...resourceField(file.resourceFieldRef, `${field}.resourceFieldRef`, true));
  } else {
    errors.push(fieldRequired(field, 'one of fieldRef and resourceFieldRef is required'));
  }
  return [...errors, ...fileMode(file.mode, `${field}.mode`)];
}
