import { expect, it } from 'vitest';
import type { V1ConfigMap } from '#api/generated/types.ts';
import { createRevocations } from './revocations.ts';

const minuteMs = 60_000;
const at = (commonName: string, beginsMs: number | undefined) =>
  ({ kind: 'certificate', commonName, organizations: ['system:nodes'], beginsMs }) as const;

it('refuses what was issued until then, and nothing else', () => {
  const revokedMs = Date.UTC(2026, 0, 1);
  let record: V1ConfigMap | undefined = { data: { n1: new Date(revokedMs).toISOString() } };
  const { isRevoked } = createRevocations(() => record);
  // Certificates begin five minutes before they are issued.
  const issued = (ms: number) => revokedMs + ms - 5 * minuteMs;
  expect(isRevoked(at('system:node:n1', issued(-1000)))).toBe(true);
  expect(isRevoked(at('system:node:n1', issued(0)))).toBe(true);
  expect(isRevoked(at('system:node:n1', issued(1000)))).toBe(false);
  expect(isRevoked(at('system:node:n1', undefined))).toBe(true);
  expect(isRevoked(at('system:node:n2', issued(-1000)))).toBe(false);
  expect(isRevoked(at('n1', issued(-1000)))).toBe(false);
  expect(isRevoked({ kind: 'anonymous' })).toBe(false);

  record = { data: { n1: 'yesterday' } };
  expect(isRevoked(at('system:node:n1', issued(1e9)))).toBe(true);
  record = undefined;
  expect(isRevoked(at('system:node:n1', issued(-1000)))).toBe(false);
});
