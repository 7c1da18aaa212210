import { expect, it } from 'vitest';
import { CliError } from '../command.ts';
import { parseDuration } from './duration.ts';

it.each([
  ['30s', 30_000],
  ['1m30s', 90_000],
  ['.5s', 500],
  ['250us', 0.25],
  ['-1s', -1000],
  ['0', 0],
  ['45', 45_000],
  ['1.5', 1500],
  ['-1', -1000],
])('reads %s', (text, ms) => expect(parseDuration('--timeout', text)).toBe(ms));

it.each(['', 'soon', '1d', '5 s', '1s,2s', '1e3', '0x10', 'NaN'])('refuses %j, and names the flag', (text) => {
  expect(() => parseDuration('--timeout', text)).toThrow(CliError);
  expect(() => parseDuration('--timeout', text)).toThrow('--timeout must be a duration');
});
