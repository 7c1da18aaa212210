import { expect, onTestFinished, test } from 'vitest';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createEtcdStore } from '#control-plane/store/etcd.ts';
import { startTestCore } from '../harness/core.ts';
import { startEtcd } from '../harness/etcd.ts';
import { eventually } from '../harness/eventually.ts';
import { statusOf } from '../harness/status-of.ts';
import { runRegistryContract } from './registry.ts';

runRegistryContract('etcd', async () => {
  const clock = createRealClock();
  const { endpoints, stop } = await startEtcd();
  const open = () => createEtcdStore({ endpoints, clock, log: createSilentLog() });
  const [here, there] = await Promise.all([open(), open()]);
  return {
    stores: [here, there],
    clock,
    async end() {
      await Promise.all([here.close(), there.close()]);
      await stop();
    },
  };
});

test('while etcd is dead the server says so, and goes on by itself afterwards', async () => {
  const clock = createRealClock();
  const etcd = await startEtcd();
  onTestFinished(() => etcd.stop());
  const store = await createEtcdStore({ endpoints: etcd.endpoints, clock, log: createSilentLog() });
  const made = await startTestCore({ store, clock });
  onTestFinished(() => made.stop());
  const namespace = 'default';
  const create = (name: string) => made.configMaps.create(made.context(), { metadata: { name } }, { namespace });
  await create('before');
  const events = (await made.configMaps.watch(made.context(), {}))[Symbol.asyncIterator]();
  expect((await events.next()).value).toMatchObject({ type: 'ADDED' });

  await etcd.kill();
  await eventually(() => !made.core.ready().ok);
  expect(await statusOf(create('meanwhile'))).toMatchObject({ code: 503, reason: 'ServiceUnavailable' });
  expect(await statusOf(made.configMaps.list(made.context(), {}))).toMatchObject({ code: 503 });

  await etcd.restart();
  await eventually(() => made.core.ready().ok);
  await eventually(() => create('after'));
  expect((await events.next()).value, 'the watch has outlived it').toMatchObject({
    entry: { object: { metadata: { name: 'after' } } },
  });
});
