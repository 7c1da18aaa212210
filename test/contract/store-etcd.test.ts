import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createEtcdStore } from '#control-plane/store/etcd.ts';
import { startEtcd } from '../harness/etcd.ts';
import { type RestartableStore, runStoreContract, runStoreRestartContract } from './store.ts';

async function makeStore(): Promise<RestartableStore> {
  const clock = createRealClock();
  const etcd = await startEtcd();
  const store = await createEtcdStore({ endpoints: etcd.endpoints, clock, log: createSilentLog() });
  return {
    store,
    passTime: (ms) => clock.sleep(ms),
    restart: () => etcd.restart(),
    async end() {
      await store.close();
      await etcd.stop();
    },
  };
}

runStoreContract('etcd', makeStore);
runStoreRestartContract('etcd', makeStore);
