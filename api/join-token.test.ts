import { expect, it } from 'vitest';
import { bearerOf, formatJoinToken, parseBearer, parseJoinToken } from './join-token.ts';

const token = { id: 'abc123', secret: '0123456789abcdef', caHash: 'ab'.repeat(32) };

it('is written and read', () => {
  const text = `abc123.0123456789abcdef.${'ab'.repeat(32)}`;
  expect(formatJoinToken(token)).toBe(text);
  expect(parseJoinToken(`  ${text}\n`)).toEqual(token);
  expect(parseBearer(bearerOf(token))).toEqual({ id: token.id, secret: token.secret });
});

it.each([
  ['', 'it has 1 parts'],
  ['abc123.0123456789abcdef', 'it has 2 parts'],
  [`ABC123.0123456789abcdef.${token.caHash}`, 'its first part'],
  [`abc123.short.${token.caHash}`, 'its second part'],
  ['abc123.0123456789abcdef.xyz', 'its third part'],
  [`abc123.0123456789abcdef.${token.caHash}.more`, 'it has 4 parts'],
])('says what is wrong with %j', (text, why) => {
  expect(() => parseJoinToken(text)).toThrow(why);
  expect(() => parseJoinToken(text)).toThrow('berth token create');
});

it('takes nothing else for a bearer token', () => {
  for (const text of ['', 'abc123', 'abc123.', 'abc123.0123456789abcdef ', 'abc123.0123456789ABCDEF', 'a.b.c']) {
    expect(parseBearer(text)).toBeUndefined();
  }
});
