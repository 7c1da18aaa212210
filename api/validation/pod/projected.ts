import { type FieldError, fieldForbidden, fieldInvalid, fieldRequired } from '../../field-error.ts';
import type {
  V1ClusterTrustBundleProjection,
  V1DownwardAPIVolumeFile,
  V1KeyToPath,
  V1ServiceAccountTokenProjection,
  V1VolumeProjection,
} from '../../generated/types.ts';
import { each, labelSelector, required } from '../fields.ts';
import { localPath } from '../paths.ts';

const tokenSecondsMin = 600;
const tokenSecondsMax = 2 ** 32;

interface Checks {
  keyToPath(item: V1KeyToPath, field: string): FieldError[];
  downwardFile(file: V1DownwardAPIVolumeFile, field: string): FieldError[];
}

/** Several sources in one folder: no two may write the same file. */
export function projectedSources(sources: readonly V1VolumeProjection[], field: string, checks: Checks): FieldError[] {
  const paths = new Set<string>();
  const claim = (path: string | undefined, value: string): FieldError[] => {
    if (!path) return [];
    if (paths.has(path)) return [fieldInvalid(field, value, 'conflicting duplicate paths')];
    paths.add(path);
    return [];
  };
  return each(sources, `${field}.sources`, (source, at) => {
    const errors: FieldError[] = [];
    for (const kind of ['secret', 'configMap'] as const) {
      const projection = source[kind];
      if (!projection) continue;
      errors.push(...required(projection.name, `${at}.${kind}.name`));
      errors.push(
        ...each(projection.items, `${at}.${kind}.items`, (item, path) => [
          ...checks.keyToPath(item, path),
          ...claim(item.path, projection.name ?? ''),
        ]),
      );
    }
    for (const file of source.downwardAPI?.items ?? []) {
      errors.push(...checks.downwardFile(file, `${at}.downwardAPI`), ...claim(file.path, file.path));
    }
    if (source.serviceAccountToken)
      errors.push(...token(source.serviceAccountToken, `${at}.serviceAccountToken`, field));
    if (source.clusterTrustBundle) {
      errors.push(...trustBundle(source.clusterTrustBundle, `${at}.clusterTrustBundle`));
      errors.push(...claim(source.clusterTrustBundle.path, source.clusterTrustBundle.path));
    }
    if (Object.values(source).filter((one) => one !== undefined).length > 1) {
      errors.push(fieldForbidden(at, 'may not specify more than 1 volume type per source'));
    }
    return errors;
  });
}

function token(projection: V1ServiceAccountTokenProjection, field: string, volumeField: string): FieldError[] {
  const seconds = projection.expirationSeconds ?? 0;
  const errors: FieldError[] = [];
  if (seconds < tokenSecondsMin) {
    errors.push(fieldInvalid(`${field}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
  }
  if (seconds > tokenSecondsMax) {
    const words = 'may not specify a duration larger than 2^32 seconds';
    errors.push(fieldInvalid(`${field}.expirationSeconds`, seconds, words));
  }
  return projection.path
    ? [...errors, ...localPath(projection.path, `${volumeField}.path`)]
    : [...errors, fieldRequired(`${volumeField}.path`)];
}

function trustBundle(projection: V1ClusterTrustBundleProjection, field: string): FieldError[] {
  const { name, signerName } = projection;
  const errors: FieldError[] = [];
  if (name !== undefined && signerName !== undefined) {
    errors.push(fieldInvalid(field, projection, 'only one of name and signerName may be used'));
  } else if (name !== undefined) {
    errors.push(...required(name, `${field}.name`, 'must be a valid object name'));
    if (projection.labelSelector) {
      const words = 'labelSelector must be unset if name is specified';
      errors.push(fieldInvalid(`${field}.labelSelector`, projection.labelSelector, words));
    }
  } else if (signerName !== undefined) {
    errors.push(...required(signerName, `${field}.signerName`, 'must be a valid signer name'));
    errors.push(...labelSelector(projection.labelSelector, `${field}.labelSelector`));
  } else {
    errors.push(fieldRequired(field, 'either name or signerName must be specified'));
  }
  return [
    ...errors,
    ...required(projection.path, `${field}.path`),
    ...localPath(projection.path ?? '', `${field}.path`),
  ];
}
