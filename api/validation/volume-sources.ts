import { type FieldError, fieldForbidden, fieldInvalid, fieldRequired, fieldTooLong } from '../field-error.ts';
import type { V1PersistentVolumeSpec, V1Volume } from '../generated/types.ts';
import { all, oneOf, required } from './fields.ts';
import { dnsSubdomainProblems, inclusiveRange } from './formats.ts';
import { noBacksteps } from './paths.ts';

/** The kinds of volume that a pod and a PersistentVolume share; anything else is checked by their own files. */
type Sources = Pick<V1Volume & V1PersistentVolumeSpec, SharedSource>;
type SharedSource = Extract<keyof V1Volume, keyof V1PersistentVolumeSpec>;
/** What both sides have in common of each. */
type Either = { readonly [Name in SharedSource]?: V1Volume[Name] | V1PersistentVolumeSpec[Name] };

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

/** One check per kind that is set, in Kubernetes' order; `name` is the field's name as they word it. */
export function sharedSources(source: Either, field: string): { name: string; errors: FieldError[] }[] {
  const found: { name: string; errors: FieldError[] }[] = [];
  const check = <T>(value: T | undefined, name: string, errors: (value: T, field: string) => FieldError[]) => {
    if (value !== undefined) found.push({ name, errors: errors(value, `${field}.${name}`) });
  };
  check(source.hostPath, 'hostPath', (value, at) =>
    value.path
      ? [...noBacksteps(value.path, `${at}.path`), ...oneOf(value.type, `${at}.type`, hostPathTypes)]
      : [fieldRequired(`${at}.path`)],
  );
  check(source.gcePersistentDisk, 'gcePersistentDisk', (value, at) => [
    ...required(value.pdName, `${at}.pdName`),
    ...partition(value.partition, at),
  ]);
  check(source.awsElasticBlockStore, 'awsElasticBlockStore', (value, at) => [
    ...required(value.volumeID, `${at}.volumeID`),
    ...partition(value.partition, at),
  ]);
  check(source.nfs, 'nfs', (value, at) => [
    ...required(value.server, `${at}.server`),
    ...required(value.path, `${at}.path`),
    ...(value.path?.startsWith('/') ? [] : [fieldInvalid(`${at}.path`, value.path ?? '', 'must be an absolute path')]),
  ]);
  check(source.iscsi, 'iscsi', (value, at) => [
    ...required(value.targetPortal, `${at}.targetPortal`),
    ...(value.iqn ? initiator(value.iqn, `${at}.iqn`) : [fieldRequired(`${at}.iqn`)]),
    ...range(value.lun ?? 0, `${at}.lun`),
    ...((value.chapAuthDiscovery || value.chapAuthSession) && !value.secretRef
      ? [fieldRequired(`${at}.secretRef`)]
      : []),
    ...(value.initiatorName === undefined ? [] : initiator(value.initiatorName, `${at}.initiatorname`)),
  ]);
  check(source.glusterfs, 'glusterfs', (value, at) => [
    ...required(value.endpoints, `${at}.endpoints`),
    ...required(value.path, `${at}.path`),
  ]);
  check(source.flocker, 'flocker', (value, at) => {
    if (!value.datasetName && !value.datasetUUID)
      return [fieldRequired(at, 'one of datasetName and datasetUUID is required')];
    const both = 'datasetName and datasetUUID can not be specified simultaneously';
    return [
      ...(value.datasetName && value.datasetUUID ? [fieldInvalid(at, 'resource', both)] : []),
      ...(value.datasetName?.includes('/')
        ? [fieldInvalid(`${at}.datasetName`, value.datasetName, "must not contain '/'")]
        : []),
    ];
  });
  check(source.rbd, 'rbd', (value, at) => [
    ...(value.monitors?.length ? [] : [fieldRequired(`${at}.monitors`)]),
    ...required(value.image, `${at}.image`),
  ]);
  check(source.cinder, 'cinder', (value, at) => required(value.volumeID, `${at}.volumeID`));
  check(source.cephfs, 'cephfs', (value, at) => (value.monitors?.length ? [] : [fieldRequired(`${at}.monitors`)]));
  check(source.quobyte, 'quobyte', (value, at) => [
    ...required(value.registry, `${at}.registry`, 'must be a host:port pair or multiple pairs separated by commas'),
    ...required(value.volume, `${at}.volume`),
  ]);
  check(source.fc, 'fc', (value, at) => fibreChannel(value, at));
  check(source.flexVolume, 'flexVolume', (value, at) => [
    ...required(value.driver, `${at}.driver`),
    ...Object.keys(value.options ?? {}).flatMap((key) =>
      /\.(kubernetes|k8s)\.io$/.test(`.${key.split('/')[0]?.toLowerCase()}`)
        ? [fieldInvalid(`${at}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved')]
        : [],
    ),
  ]);
  check(source.azureFile, 'azureFile', (value, at) => [
    ...required(value.secretName, `${at}.secretName`),
    ...required(value.shareName, `${at}.shareName`),
  ]);
  check(source.vsphereVolume, 'vsphereVolume', (value, at) => required(value.volumePath, `${at}.volumePath`));
  check(source.photonPersistentDisk, 'photonPersistentDisk', (value, at) => required(value.pdID, `${at}.pdID`));
  check(source.portworxVolume, 'portworxVolume', (value, at) => required(value.volumeID, `${at}.volumeID`));
  check(source.azureDisk, 'azureDisk', (value, at) => [
    ...required(value.diskName, `${at}.diskName`),
    ...required(value.diskURI, `${at}.diskURI`),
    ...oneOf(value.cachingMode, `${at}.cachingMode`, ['None', 'ReadOnly', 'ReadWrite']),
    ...oneOf(value.kind, `${at}.kind`, ['Dedicated', 'Managed', 'Shared']),
  ]);
  check(source.storageos, 'storageos', (value, at) => required(value.volumeName, `${at}.volumeName`));
  check(source.scaleIO, 'scaleIO', (value, at) => [
    ...required(value.gateway, `${at}.gateway`),
    ...required(value.system, `${at}.system`),
    ...required(value.volumeName, `${at}.volumeName`),
  ]);
  check(source.csi, 'csi', (value, at) => csiDriverName(value.driver, `${at}.driver`));
  return found;
}

/** Exactly one kind of volume: the first counts, each further one is refused. */
export function exactlyOne(found: readonly { name: string; errors: FieldError[] }[], field: string): FieldError[] {
  if (found.length === 0) return [fieldRequired(field, 'must specify a volume type')];
  return found.flatMap(({ name, errors }, index) =>
    index === 0 ? errors : [fieldForbidden(`${field}.${name}`, 'may not specify more than 1 volume type')],
  );
}

export function csiDriverName(name: string | undefined, field: string): FieldError[] {
  const errors = required(name, field);
  if ((name ?? '').length > 63) errors.push(fieldTooLong(field, 63));
  return [...errors, ...all(dnsSubdomainProblems((name ?? '').toLowerCase()), field, name ?? '')];
}

const range = (value: number, field: string): FieldError[] =>
  value < 0 || value > 255 ? [fieldInvalid(field, value, inclusiveRange(0, 255))] : [];

const partition = (value: number | undefined, field: string): FieldError[] =>
  value !== undefined && (value < 0 || value > 255)
    ? [fieldInvalid(`${field}.partition`, value, inclusiveRange(1, 255))]
    : [];

function initiator(name: string, field: string): FieldError[] {
  if (!/^(iqn|eui|naa)/.test(name)) {
    return [fieldInvalid(field, name, 'must be valid format starting with iqn, eui, or naa')];
  }
  const good = /iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)$|^eui.[A-Za-z0-9]{16}$|^naa.[A-Za-z0-9]{32}$/;
  return good.test(name) ? [] : [fieldInvalid(field, name, 'must be valid format')];
}

function fibreChannel(source: NonNullable<Sources['fc']>, field: string): FieldError[] {
  const { targetWWNs = [], wwids = [], lun } = source;
  const path = `${field}.targetWWNs`;
  if (targetWWNs.length === 0 && wwids.length === 0) {
    return [fieldRequired(path, 'must specify either targetWWNs or wwids, but not both')];
  }
  const errors: FieldError[] = [];
  if (targetWWNs.length > 0 && wwids.length > 0) {
    errors.push(fieldInvalid(path, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'));
  }
  if (targetWWNs.length === 0) return errors;
  return lun === undefined
    ? [...errors, fieldRequired(`${field}.lun`, 'lun is required if targetWWNs is specified')]
    : [...errors, ...range(lun, `${field}.lun`)];
}
