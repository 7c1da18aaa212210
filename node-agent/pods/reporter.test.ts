import { expect, it } from 'vitest';
import type { V1Pod } from '#api/generated/types.ts';
import { pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { forbidden } from '#api/status-error.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { interceptClient } from '#client/testing/intercept.ts';
import { createMemoryClient } from '#client/testing/memory-client.ts';
import { createReporter } from './reporter.ts';

const setUp = async () => {
  const clock = createVirtualClock();
  const memory = createMemoryClient({ clock, random: createSeededRandom(1) });
  let refuses = false;
  let writes = 0;
  const client = interceptClient(memory, ({ verb, type }) => {
    if (verb !== 'updateStatus') return;
    writes += 1;
    if (refuses) throw forbidden(type, 'db-0', 'no relationship found between node "m2" and this pod');
  });
  const life = new AbortController();
  const log = createSilentLog();
  const reporter = createReporter({ client, clock, log, onWritten() {} }, life.signal);
  const pod = await memory.create(pods, { metadata: { name: 'db-0', namespace: 'default' }, spec: { containers: [] } });
  const submit = (of: Stored<V1Pod>, phase: string): void => reporter.submit(of, () => ({ phase }));
  const phase = async () => (await memory.get(pods, { namespace: 'default', name: 'db-0' })).status?.phase;
  return {
    clock,
    reporter,
    pod,
    submit,
    phase,
    writes: () => writes,
    refuse(on: boolean): void {
      refuses = on;
    },
  };
};

it('goes on trying while a write is refused, for that may change, and flushes only then', async () => {
  const { clock, reporter, pod, submit, phase, refuse } = await setUp();
  refuse(true);
  submit(pod, 'Running');
  let flushed = false;
  const flush = reporter.flush(pod.metadata.uid).then(() => {
    flushed = true;
  });
  await clock.advance(60_000);
  expect(flushed).toBe(false);
  refuse(false);
  await clock.advance(10_000);
  await flush;
  expect(await phase()).toBe('Running');
});

it('gives up what is refused once the pod is forgotten: nobody waits for it any more', async () => {
  const { clock, reporter, pod, submit, writes, refuse } = await setUp();
  refuse(true);
  submit(pod, 'Running');
  const flush = reporter.flush(pod.metadata.uid);
  await clock.advance(5_000);
  const before = writes();
  expect(before).toBeGreaterThan(1);
  reporter.forget(pod.metadata.uid);
  await flush;
  await clock.advance(60_000);
  expect(writes()).toBe(before);
});

it('takes a pod up again that it was told to forget', async () => {
  const { clock, reporter, pod, submit, phase, refuse } = await setUp();
  refuse(true);
  submit(pod, 'Pending');
  await clock.advance(1_000);
  reporter.forget(pod.metadata.uid);
  refuse(false);
  submit(pod, 'Running');
  await reporter.flush(pod.metadata.uid);
  expect(await phase()).toBe('Running');
});
