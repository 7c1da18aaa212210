import { expect, it } from 'vitest';
import { startCluster } from '../harness/cluster.ts';
import { hostSnapshot } from '../harness/host-snapshot.ts';

it('down --purge leaves the host as it was before up', async () => {
  const before = await hostSnapshot();
  const cluster = await startCluster({ hello: true, podSubnet: 103 });
  const during = await hostSnapshot();
  expect(during.interfaces).not.toEqual(before.interfaces);
  expect(await cluster.down('--purge')).toMatchObject({ code: 0 });
  await cluster.destroy();
  expect(await hostSnapshot()).toEqual(before);
});
