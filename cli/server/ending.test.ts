import { describe, expect, it } from 'vitest';
import { createSilentLog } from '#base/log.ts';
import { createEnding } from './ending.ts';

const setUp = (machineStops: boolean | 'fails' = false) => {
  const asked = new AbortController();
  const order: string[] = [];
  const ending = createEnding(asked.signal, createSilentLog(), async () => {
    order.push('asked systemd');
    if (machineStops === 'fails') throw new Error('no answer');
    return machineStops;
  });
  ending.signal.addEventListener('abort', () => order.push('ends'));
  const ended = new Promise<void>((resolve) => ending.signal.addEventListener('abort', () => resolve()));
  return { asked, order, ending, ended };
};

describe('the end of a process', () => {
  it('is at once, with containers going on, when only the process is to end', async () => {
    const { asked, order, ending, ended } = setUp();
    ending.onMachineStop(async () => void order.push('pods stop'));
    asked.abort(new Error('SIGTERM'));
    await ended;
    expect(order).toEqual(['asked systemd', 'ends']);
    expect(ending.signal.reason).toEqual(new Error('SIGTERM'));
  });

  it('comes after the pods have stopped when the machine goes down', async () => {
    const { asked, order, ending, ended } = setUp(true);
    let release = (): void => {};
    ending.onMachineStop(async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      order.push('pods stop');
    });
    asked.abort(new Error('SIGTERM'));
    await new Promise(setImmediate);
    expect(ending.signal.aborted).toBe(false);
    // Nobody cuts that short.
    ending.end('the address has changed');
    expect(ending.signal.aborted).toBe(false);
    release();
    await ended;
    expect(order).toEqual(['asked systemd', 'pods stop', 'ends']);
  });

  it('comes whatever fails before it', async () => {
    const failing = setUp(true);
    failing.ending.onMachineStop(() => Promise.reject(new Error('no')));
    failing.asked.abort();
    await failing.ended;
    const silent = setUp('fails');
    silent.ending.onMachineStop(async () => undefined);
    silent.asked.abort();
    await silent.ended;
    expect([failing.order, silent.order]).toEqual([
      ['asked systemd', 'ends'],
      ['asked systemd', 'ends'],
    ]);
  });

  it('asks nobody when there is nothing to be done', async () => {
    const { asked, order, ending } = setUp(true);
    asked.abort();
    expect(ending.signal.aborted).toBe(true);
    expect(order).toEqual(['ends']);
  });

  it('is at once, too, when the process ends itself to be started again', () => {
    const { order, ending } = setUp(true);
    ending.onMachineStop(async () => void order.push('pods stop'));
    ending.end('certificates are to be renewed');
    expect(order).toEqual(['ends']);
    expect(createEnding(AbortSignal.abort(), createSilentLog()).signal.aborted).toBe(true);
  });
});
