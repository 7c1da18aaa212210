import type { KubeObject } from '#api/meta.ts';

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Enough of an object to be looked at as one: a JSON object whose metadata, if any, is one too. */
export const isKubeObject = (value: unknown): value is KubeObject =>
  isRecord(value) && (value.metadata === undefined || value.metadata === null || isRecord(value.metadata));
