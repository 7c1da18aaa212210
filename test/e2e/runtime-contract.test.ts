import { mkdtempSync } from 'node:fs';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createCriRuntime } from '#node-agent/runtime/cri/runtime.ts';
import { runRuntimeContract } from '../contract/runtime.ts';
import { startContainerd } from '../harness/containerd.ts';
import { eventually } from '../harness/eventually.ts';

runRuntimeContract('containerd', async () => {
  const containerd = await startContainerd(mkdtempSync('/var/tmp/berth-contract-'));
  const runtime = createCriRuntime({
    socketPath: containerd.socketPath,
    clock: createRealClock(),
    log: createSilentLog(),
  });
  return {
    runtime,
    image: 'berth.local/busybox:1',
    cgroupParent: `/${containerd.layout.cgroupRoot}`,
    logRoot: containerd.layout.podLogDir,
    until: async (condition) => void (await eventually(condition, { everyMs: 10, withinMs: 20_000 })),
    during: (action) => action,
    async restart() {
      await containerd.kill();
      await containerd.start();
      await eventually(() => runtime.version(), { everyMs: 20 });
    },
    async end() {
      await runtime.close();
      await containerd.stop();
    },
  };
});
