import type { KubeObject } from '#api/meta.ts';
import { applyJsonPatch } from '#api/patch/json.ts';
import { applyMergePatch } from '#api/patch/merge.ts';
import { applyStrategicPatch } from '#api/patch/strategic.ts';
import { decodeObject, type FieldValidation } from '#api/schema/decode.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { badRequest, internalError } from '#api/status-error.ts';
import type { Patch } from '#client/api-client.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

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
  return (current) => {
    const patched = applyPatch(type.model, current, patch);
    const decoded = decodeObject(type, patched, fieldValidation);
    for (const warning of decoded.warnings) if (!warnings.includes(warning)) warnings.push(warning);
    checkName(current, decoded.object);
    return decoded.object;
  };
}

function applyPatch(model: string | undefined, current: unknown, patch: Patch): unknown {
  if (patch.type === 'json') return applyJsonPatch(current, patch.body);
  if (!isJsonObject(current)) throw internalError('an object in the cache is no object');
  return patch.type === 'merge'
    ? applyMergePatch(current, patch.body)
    : applyStrategicPatch(current, patch.body, model);
}

function checkName(current: KubeObject, patched: KubeObject): void {
  const name = current.metadata?.name ?? '';
  const given = patched.metadata?.name ?? '';
  if (given !== name) {
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
  }
}
