import { createVirtualClock } from '#base/virtual/clock.ts';
import { createHollowRuntime } from '#node-agent/runtime/hollow/runtime.ts';
import { runRuntimeContract } from './runtime.ts';

const budgetMs = 20_000;

runRuntimeContract('hollow', async () => {
  const clock = createVirtualClock();
  const runtime = createHollowRuntime({ clock, missingImages: ['berth.local/missing:1'] });
  const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
    const endMs = clock.now() + budgetMs;
    while (!(await condition())) {
      if (clock.now() > endMs) throw new Error('not reached within 20 s of virtual time');
      await clock.advance(10);
    }
  };
  return {
    runtime,
    image: 'berth.local/busybox:1',
    cgroupParent: '/berth-contract',
    logRoot: '/var/log/pods',
    until,
    async during(action) {
      let done = false;
      const settled = action.finally(() => {
        done = true;
      });
      settled.catch(() => {});
      await until(() => done);
      return settled;
    },
    end: () => runtime.close(),
  };
});
