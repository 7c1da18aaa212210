import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createHealthChecks, type HealthCheckServers } from './health-checks.ts';

let checks: HealthCheckServers | undefined;
afterEach(() => checks?.close());

const host = '127.0.0.1';
const check = (port: number) => new Map([['d/web', { namespace: 'd', name: 'web', port, localEndpoints: 1 }]]);
const status = (port: number): Promise<number | undefined> =>
  fetch(`http://${host}:${port}/`).then(
    (response) => response.status,
    () => undefined,
  );

async function taken() {
  const other = createServer().listen(0, host);
  await once(other, 'listening');
  const address = other.address();
  return { other, port: typeof address === 'object' && address ? address.port : 0 };
}

describe('a health check port', () => {
  it('that another program has is served as soon as that gives it back', async () => {
    const { other, port } = await taken();
    const clock = createVirtualClock();
    checks = createHealthChecks({ clock, log: createSilentLog(), host });
    checks.set(check(port));
    await expect.poll(() => clock.pendingTimers).toBe(1);
    await clock.advance(6_000);
    await expect.poll(() => clock.pendingTimers).toBe(1);
    other.close();
    await once(other, 'close');
    await clock.advance(6_000);
    await expect.poll(() => status(port)).toBe(200);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not asked for again when nobody wants it any more', async () => {
    const { other, port } = await taken();
    const clock = createVirtualClock();
    checks = createHealthChecks({ clock, log: createSilentLog(), host });
    checks.set(check(port));
    await expect.poll(() => clock.pendingTimers).toBe(1);
    checks.set(new Map());
    expect(clock.pendingTimers).toBe(0);
    other.close();
  });

  it('goes from one service to another in one step', async () => {
    const { other, port } = await taken();
    other.close();
    await once(other, 'close');
    checks = createHealthChecks({ clock: createVirtualClock(), log: createSilentLog(), host });
    checks.set(check(port));
    await expect.poll(() => status(port)).toBe(200);
    checks.set(new Map([['d/next', { namespace: 'd', name: 'next', port, localEndpoints: 0 }]]));
    await expect.poll(() => status(port)).toBe(503);
  });
});
