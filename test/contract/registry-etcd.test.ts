import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createEtcdStore } from '#control-plane/store/etcd.ts';
import { startEtcd } from '../harness/etcd.ts';
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
