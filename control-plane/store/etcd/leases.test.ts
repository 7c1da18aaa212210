import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createLeases } from './leases.ts';

function scripted() {
  const clock = createVirtualClock();
  const granted: number[] = [];
  let fail = false;
  const grant = async (ttlSeconds: number): Promise<string> => {
    if (fail) throw new Error('etcd is away');
    granted.push(ttlSeconds);
    return String(granted.length);
  };
  const leases = createLeases(grant, clock);
  const setFail = (value: boolean): void => {
    fail = value;
  };
  return { clock, granted, leases, setFail };
}

describe('shared leases', () => {
  test('serve all keys of a minute, which live at least as long as asked', async () => {
    const { clock, granted, leases } = scripted();
    const ids = new Set<string>();
    for (let second = 0; second < 60; second++) {
      ids.add(await leases.leaseFor(3600));
      await clock.advance(1000);
    }
    expect([...ids]).toEqual(['1']);
    expect(granted).toEqual([3660]);
    expect(await leases.leaseFor(3600)).toBe('2');
    expect(await leases.leaseFor(7200), 'another time, another lease').toBe('3');
  });

  test('are not shared by too many keys, and concurrent askers wait for one grant', async () => {
    const { granted, leases } = scripted();
    const ids = await Promise.all(Array.from({ length: 2500 }, () => leases.leaseFor(3600)));
    expect(granted).toHaveLength(3);
    for (const id of ['1', '2', '3']) expect(ids.filter((one) => one === id).length).toBeLessThanOrEqual(1000);
  });

  test('that etcd has lost are replaced', async () => {
    const { leases } = scripted();
    const id = await leases.leaseFor(3600);
    leases.forget(id);
    await Promise.resolve();
    expect(await leases.leaseFor(3600)).toBe('2');
  });

  test('that could not be had are asked for again', async () => {
    const { leases, setFail } = scripted();
    setFail(true);
    await expect(leases.leaseFor(60)).rejects.toThrow('away');
    setFail(false);
    expect(await leases.leaseFor(60)).toBe('1');
  });
});
