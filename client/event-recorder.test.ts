import { expect, test } from 'vitest';
import { configMaps, events, nodes } from '#api/kinds.ts';
import { forbidden, serviceUnavailable } from '#api/status-error.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { createEventRecorder } from './event-recorder.ts';
import { type InterceptedCall, interceptClient } from './testing/intercept.ts';
import { createMemoryClient } from './testing/memory-client.ts';

function setUp(before: (call: InterceptedCall) => void = () => {}) {
  const clock = createVirtualClock();
  const random = createSeededRandom(2);
  const server = createMemoryClient({ clock, random });
  const stop = new AbortController();
  const recorder = createEventRecorder({
    client: interceptClient(server, before),
    clock,
    random,
    component: 'kubelet',
    host: 'node-1',
    signal: stop.signal,
  });
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'default', name: 'web', uid: 'u1', resourceVersion: '7' },
  };
  const all = async () => (await server.list(events)).items;
  return { clock, server, recorder, object, all, stop };
}

test('an event names its object, its source and its time', async () => {
  const { recorder, object, all } = setUp();
  recorder.record(object, 'Normal', 'Started', 'Started container web', { fieldPath: 'spec.containers{web}' });
  await recorder.flush();
  const [event] = await all();
  expect(event).toMatchObject({
    metadata: { namespace: 'default', name: expect.stringMatching(/^web\.[0-9a-f]{16}$/) },
    involvedObject: { ...object.metadata, apiVersion: 'v1', kind: 'Pod', fieldPath: 'spec.containers{web}' },
    type: 'Normal',
    reason: 'Started',
    message: 'Started container web',
    source: { component: 'kubelet', host: 'node-1' },
    reportingComponent: 'kubelet',
    reportingInstance: 'node-1',
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    count: 1,
  });
});

test('repeats count up the first event for ten minutes', async () => {
  const { clock, recorder, object, all } = setUp();
  for (let i = 0; i < 3; i++) {
    recorder.record(object, 'Warning', 'BackOff', 'Back-off restarting');
    await clock.advance(60_000);
  }
  await recorder.flush();
  expect(await all()).toMatchObject([{ count: 3, lastTimestamp: '2026-01-01T00:02:00Z' }]);
  recorder.record(object, 'Warning', 'BackOff', 'another message');
  await clock.advance(600_001);
  recorder.record(object, 'Warning', 'BackOff', 'Back-off restarting');
  await recorder.flush();
  expect((await all()).map((event) => event.count).sort()).toEqual([1, 1, 3]);
});

test('an event that has vanished on the server is made anew', async () => {
  const { recorder, server, object, all } = setUp();
  recorder.record(object, 'Normal', 'A', 'a');
  await recorder.flush();
  await server.deleteCollection(events, {});
  recorder.record(object, 'Normal', 'A', 'a');
  await recorder.flush();
  expect(await all()).toMatchObject([{ count: 1 }]);
});

test('events about cluster-scoped objects go to the namespace default', async () => {
  const { recorder, server, all } = setUp();
  recorder.record(await server.create(nodes, { metadata: { name: 'n1' } }), 'Normal', 'Ready', 'ready');
  await recorder.flush();
  expect((await all())[0]?.metadata.namespace).toBe('default');
});

test('one object cannot flood the server, and does not silence others', async () => {
  const { clock, recorder, object, server, all } = setUp();
  for (let i = 0; i < 100; i++) recorder.record(object, 'Normal', 'Noise', `message ${i}`);
  recorder.record(await server.create(configMaps, { metadata: { namespace: 'a', name: 'b' } }), 'Normal', 'Quiet', '');
  await recorder.flush();
  expect(await all()).toHaveLength(26);
  await clock.advance(300_000);
  for (let i = 0; i < 5; i++) recorder.record(object, 'Normal', 'Noise', `later ${i}`);
  await recorder.flush();
  expect(await all()).toHaveLength(27);
});

test('an outage is waited out; a refusal is not repeated', async () => {
  let failures = 3;
  let calls = 0;
  const { clock, recorder, object, all } = setUp(({ type }) => {
    if (type !== events) return;
    calls += 1;
    if (failures-- > 0) throw serviceUnavailable('down');
  });
  recorder.record(object, 'Normal', 'A', 'a');
  await clock.advance(60_000);
  await recorder.flush();
  expect(await all()).toHaveLength(1);
  expect(calls).toBe(4);

  const refused = setUp(({ verb }) => {
    if (verb === 'create') throw forbidden(events, '', 'the namespace is being terminated');
  });
  refused.recorder.record(object, 'Normal', 'A', 'a');
  await refused.recorder.flush();
  expect(refused.clock.pendingTimers).toBe(0);
});

test('the signal ends the retries', async () => {
  const { clock, recorder, object, stop } = setUp(() => {
    throw serviceUnavailable('down');
  });
  recorder.record(object, 'Normal', 'A', 'a');
  await clock.advance(1_000);
  stop.abort(new Error('stop'));
  await recorder.flush();
  expect(clock.pendingTimers).toBe(0);
});
