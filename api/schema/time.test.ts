import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalTime } from './time.ts';

it.each([
  ['2026-02-28T23:59:59Z', '2026-02-28T23:59:59Z'],
  ['2024-02-29T00:00:00.123456789Z', '2024-02-29T00:00:00Z'],
  ['2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
])('%s → %s', (text, canonical) => expect(canonicalTime(text, false)).toBe(canonical));

it.each([
  '',
  '2026-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01',
  '2026-01-01 00:00:00Z',
  '2026-01-01T00:00:00',
  '2026-01-01T00:00:00+25:00',
  '9999-12-31T23:59:59-23:59',
  '12026-01-01T00:00:00Z',
])('refuses %j', (text) => expect(canonicalTime(text, false)).toBeUndefined());

it('leaves what is canonical as it is', () => {
  const date = fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true });
  fc.assert(
    fc.property(date, (at) => {
      const text = `${at.toISOString().slice(0, 19)}Z`;
      expect(canonicalTime(text, false)).toBe(text);
      expect(canonicalTime(text, true)).toBe(`${text.slice(0, 19)}.000000Z`);
    }),
  );
});
