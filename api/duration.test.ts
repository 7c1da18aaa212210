import { expect, it } from 'vitest';
import { formatAge, formatDuration, parseDuration } from './duration.ts';

it.each([
  ['0', 0],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['-2m', -120_000],
  ['300ms', 300],
  ['.5s', 500],
])('reads %s', (text, ms) => expect(parseDuration(text)).toBe(ms));

it.each(['', '1', 's', '1d', '1s ', '1h-2m', 'ms'])('refuses %j', (text) =>
  expect(parseDuration(text)).toBeUndefined(),
);

it.each([
  [0, '0s'],
  [300, '300ms'],
  [1500, '1.5s'],
  [5_400_000, '1h30m0s'],
  [-60_000, '-1m0s'],
])('writes %d as %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

it.each([
  [-5000, '<invalid>'],
  [-500, '0s'],
  [0, '0s'],
  [119, '119s'],
  [120, '2m'],
  [200, '3m20s'],
  [601, '10m'],
  [3 * 3600 + 12 * 60, '3h12m'],
  [8 * 3600 + 60, '8h'],
  [47 * 3600, '47h'],
  [51 * 3600, '2d3h'],
  [45 * 86_400, '45d'],
  [(730 + 30) * 86_400, '2y30d'],
  [9 * 365 * 86_400, '9y'],
])('shows an age of %d seconds as %s', (seconds, text) => {
  expect(formatAge(seconds < 0 ? seconds : seconds * 1000)).toBe(text);
});
