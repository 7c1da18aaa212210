import { expect, it } from 'vitest';
import { startCluster } from '../harness/cluster.ts';
import { hostSnapshot } from '../harness/host-snapshot.ts';

it('down --purge leaves the host as it was before up', async () => {
  const before = await hostSnapshot();
  const cluster = await startCluster({ hello: true, podSubnet: 103 });
  const during = await hostSnapshot();
  expect(during.interfaces).not.toEqual(before.interfaces);
  await cluster.destroy();
  expect(await hostSnapshot()).toEqual(before);
});
