import { createRealClock } from '#base/real/clock.ts';
import { createMemoryStore } from '#control-plane/store/memory.ts';
import { runRegistryContract } from './registry.ts';

runRegistryContract('memory', async () => {
  const clock = createRealClock();
  const store = createMemoryStore({ clock });
  return { stores: [store, store], clock, end: () => store.close() };
});
