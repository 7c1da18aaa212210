import type { KubeObject } from '#api/meta.ts';
import { isJsonObject } from '#api/schema/record.ts';

/** Enough of an object to be looked at as one: a JSON object whose metadata, if any, is one too. */
export const isKubeObject = (value: unknown): value is KubeObject =>
  isJsonObject(value) && (value.metadata === undefined || value.metadata === null || isJsonObject(value.metadata));
