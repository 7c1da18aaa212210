import type { V1Status } from '#api/generated/types.ts';

/** The answer of an action that has nothing else to say. */
export const success = (code: number): V1Status => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  code,
});
