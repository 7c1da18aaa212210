import type { KubeObject } from '#api/meta.ts';
import { applyJsonPatch } from '#api/patch/json.ts';
import { applyMergePatch } from '#api/patch/merge.ts';
import { applyStrategicPatch } from '#api/patch/strategic.ts';
import { apiVersionOf } from '#api/resource-type.ts';
import { decodeObject } from '#api/schema/decode.ts';
import { badRequest, StatusError, tooLarge, unsupportedMediaType } from '#api/status-error.ts';
import type { Patch } from '#client/api-client.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

const jsonPatchOperationsMax = 10_000;

/**
 * Turns a patch into a change for `registry.modify`. The change is pure: it may run again on a newer object after a conflict.
 * `warnings` receives each decoding warning once.
 */
export function patchChange<T extends KubeObject>(
  definition: ResourceDefinition<T>,
  patch: Patch,
  fieldValidation: FieldValidation,
  warnings: string[],
): (current: T) => T {
  const { type } = definition;
  if (patch.type === 'json' && patch.body.length > jsonPatchOperationsMax) {
    throw tooLarge(
      `The allowed maximum operations in a JSON patch is ${jsonPatchOperationsMax}, got ${patch.body.length}`,
    );
  }
  if (patch.type === 'strategic' && !type.model) {
    throw unsupportedMediaType(
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json',
    );
  }
  return (current) => {
    const patched = applyPatch(type.model ?? '', current, patch);
    const decoded = decodeObject(type, patched, fieldValidation);
    for (const warning of decoded.warnings) if (!warnings.includes(warning)) warnings.push(warning);
    checkIdentity(definition, current, decoded.object);
    return decoded.object;
  };
}

function applyPatch(model: string, current: KubeObject, patch: Patch): unknown {
  switch (patch.type) {
    case 'json':
      return applyJsonPatch(current, patch.body);
    case 'merge':
      return applyMergePatch(current, patch.body);
    case 'strategic':
      return applyStrategicPatch(current, patch.body, model);
  }
}

function checkIdentity(definition: ResourceDefinition, current: KubeObject, patched: KubeObject): void {
  const { type } = definition;
  if (patched.kind !== undefined && patched.kind !== type.kind) {
    throw badRequest(`the kind in the data (${patched.kind}) does not match the expected kind (${type.kind})`);
  }
  const expected = apiVersionOf(type);
  if (patched.apiVersion !== undefined && patched.apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${patched.apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  const name = current.metadata?.name;
  if (patched.metadata?.name !== name) {
    throw new StatusError(
      400,
      'BadRequest',
      `the name of the object (${patched.metadata?.name ?? ''}) does not match the name on the URL (${name ?? ''})`,
    );
  }
}
