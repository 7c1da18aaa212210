import { expect, test } from 'vitest';
import { healthResponse } from './health.ts';

const ping = { name: 'ping', ok: true };
const etcd = { name: 'etcd', ok: false, message: 'cannot be reached' };
const none = new URLSearchParams();
const text = (response: { body?: unknown }) => String(response.body);

test('all well', () => {
  expect(text(healthResponse('readyz', [ping], none))).toBe('ok');
  expect(text(healthResponse('readyz', [ping], new URLSearchParams('verbose')))).toBe(
    '[+]ping ok\nreadyz check passed\n',
  );
});

test('a failing check is named', () => {
  const response = healthResponse('readyz', [ping, etcd], none);
  expect(response.status).toBe(500);
  expect(text(response)).toBe('[+]ping ok\n[-]etcd failed: cannot be reached\nreadyz check failed\n');
  expect(healthResponse('readyz', [ping, etcd], new URLSearchParams('exclude=etcd')).status).toBe(200);
});

test('one check by name', () => {
  expect(healthResponse('readyz', [ping, etcd], none, 'ping').status).toBe(200);
  expect(healthResponse('readyz', [ping, etcd], none, 'etcd').status).toBe(500);
  expect(healthResponse('readyz', [ping, etcd], none, 'nope').status).toBe(404);
});
