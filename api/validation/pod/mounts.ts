import { type FieldError, fieldForbidden, fieldInvalid, fieldNotFound, fieldRequired } from '../../field-error.ts';
import type { V1Container, V1Volume, V1VolumeDevice, V1VolumeMount } from '../../generated/types.ts';
import { each, oneOf, required } from '../fields.ts';
import { descendingPath, noBacksteps } from '../paths.ts';

type Volumes = ReadonlyMap<string, V1Volume>;

export function volumeMounts(container: V1Container, volumes: Volumes, field: string): FieldError[] {
  const seen = new Set<string>();
  const devices = container.volumeDevices ?? [];
  return each(container.volumeMounts, field, (mount, path) => {
    const errors = required(mount.name, `${path}.name`);
    if (!volumes.has(mount.name)) errors.push(fieldNotFound(`${path}.name`, mount.name ?? ''));
    errors.push(...required(mount.mountPath, `${path}.mountPath`));
    if (seen.has(mount.mountPath)) errors.push(fieldInvalid(`${path}.mountPath`, mount.mountPath, 'must be unique'));
    seen.add(mount.mountPath);
    if (devices.some((device) => device.name === mount.name)) {
      errors.push(fieldInvalid(`${path}.name`, mount.name, 'must not already exist in volumeDevices'));
    }
    if (devices.some((device) => device.devicePath === mount.mountPath)) {
      const words = 'must not already exist as a path in volumeDevices';
      errors.push(fieldInvalid(`${path}.mountPath`, mount.mountPath, words));
    }
    return [...errors, ...subPaths(mount, field, path), ...sharing(mount, container, field)];
  });
}

/** Their paths leave the index out here. */
function subPaths(mount: V1VolumeMount, field: string, path: string): FieldError[] {
  const errors = mount.subPath ? descendingPath(mount.subPath, `${field}.subPath`) : [];
  if (!mount.subPathExpr) return errors;
  if (mount.subPath) {
    const words = 'subPathExpr and subPath are mutually exclusive';
    errors.push(fieldInvalid(`${path}.subPathExpr`, mount.subPathExpr, words));
  }
  return [...errors, ...descendingPath(mount.subPathExpr, `${field}.subPathExpr`)];
}

function sharing(mount: V1VolumeMount, container: V1Container, field: string): FieldError[] {
  const propagation = mount.mountPropagation;
  const errors = oneOf(propagation, `${field}.mountPropagation`, ['Bidirectional', 'HostToContainer', 'None']);
  if (propagation === 'Bidirectional' && container.securityContext?.privileged !== true) {
    const words = 'Bidirectional mount propagation is available only to privileged containers';
    errors.push(fieldForbidden(`${field}.mountPropagation`, words));
  }
  const recursive = mount.recursiveReadOnly;
  if (recursive === undefined || recursive === 'Disabled') return errors;
  const path = `${field}.recursiveReadOnly`;
  if (recursive !== 'Enabled' && recursive !== 'IfPossible') {
    return [...errors, ...oneOf(recursive, path, ['Disabled', 'Enabled', 'IfPossible'])];
  }
  if (!mount.readOnly) errors.push(fieldForbidden(path, 'may only be specified when readOnly is true'));
  if (propagation !== undefined && propagation !== 'None') {
    errors.push(fieldForbidden(path, 'may only be specified when mountPropagation is None or not specified'));
  }
  return errors;
}

export function volumeDevices(container: V1Container, volumes: Volumes, field: string): FieldError[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounts = container.volumeMounts ?? [];
  return each(container.volumeDevices, field, (device: V1VolumeDevice, path) => {
    const { name, devicePath } = device;
    const volume = volumes.get(name);
    const errors = required(name, `${path}.name`);
    if (names.has(name)) errors.push(fieldInvalid(`${path}.name`, name, 'must be unique'));
    if (!volume) errors.push(fieldNotFound(`${path}.name`, name));
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      const words = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
      errors.push(fieldInvalid(`${path}.name`, name, words));
    }
    if (!devicePath) errors.push(fieldRequired(`${path}.devicePath`));
    if (paths.has(devicePath)) errors.push(fieldInvalid(`${path}.devicePath`, devicePath, 'must be unique'));
    if (devicePath && noBacksteps(devicePath, '').length > 0) {
      errors.push(fieldInvalid(`${path}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    } else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name)) {
      errors.push(fieldInvalid(`${path}.name`, name, 'must not already exist in volumeMounts'));
    }
    if (mounts.some((mount) => mount.mountPath === devicePath)) {
      errors.push(fieldInvalid(`${path}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'));
    }
    names.add(name);
    return errors;
  });
}
