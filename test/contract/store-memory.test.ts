import { createVirtualClock } from '#base/virtual/clock.ts';
import { createMemoryStore } from '#control-plane/store/memory.ts';
import { runStoreContract } from './store.ts';

runStoreContract('memory', async () => {
  const clock = createVirtualClock();
  const store = createMemoryStore({ clock });
  return { store, passTime: (ms) => clock.advance(ms), end: () => store.close() };
});
