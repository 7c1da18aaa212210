import { afterEach, describe, expect, test } from 'vitest';
import { leases, nodes } from '#api/kinds.ts';
import { type AgentBed, createAgentBed, nodeName } from '#test/harness/agent-bed.ts';
import { compileAgentSettings } from '../agent-settings.ts';
import { weightOf } from '../cgroups/v2.ts';
import { parseMountInfo } from '../host-linux/mount-table.ts';
import { parseMeminfo } from '../host-linux/node-host.ts';
import { createHollowHost } from '../pods/hollow-host.ts';
import { newNode, nodeStatus } from './node-object.ts';

const beds: AgentBed[] = [];
afterEach(async () => {
  for (const bed of beds.splice(0)) await bed.close();
});
const bedOf = async (...args: Parameters<typeof createAgentBed>): Promise<AgentBed> => {
  const bed = await createAgentBed(...args);
  beds.push(bed);
  return bed;
};

describe('the node object', () => {
  const { node: settings } = compileAgentSettings('n', {
    nodeTaints: [{ key: 'k', effect: 'NoSchedule' }],
  });
  const reading = async (more = {}) => {
    const { node } = createHollowHost({ hostname: 'n' });
    return {
      facts: await node.facts(),
      usage: await node.usage(),
      runtime: { name: 'containerd', version: '1.6.20' },
      notReady: undefined,
      images: [],
      nowMs: 0,
      ...more,
    };
  };
  test('a new one', async () => {
    const node = newNode(settings, await reading());
    expect(node.spec).toEqual({
      taints: [{ key: 'k', effect: 'NoSchedule' }],
    });
    expect(node.status?.nodeInfo?.containerRuntimeVersion).toBe('containerd://1.6.20');
    expect(node.status?.allocatable).toMatchObject({ cpu: '3900m', memory: '8126464Ki' });
    expect(node.status?.addresses).toEqual([
      { type: 'InternalIP', address: '192.0.2.1' },
      { type: 'Hostname', address: 'n' },
    ]);
  });
  test('pressure and trouble', async () => {
    const usage = {
      memoryAvailableBytes: 1,
      diskAvailableBytes: 1,
      diskTotalBytes: 100,
      inodesFree: 1,
      inodesTotal: 100,
      pids: 1e9,
    };
    const status = nodeStatus(settings, await reading({ usage, notReady: 'container runtime is down: x' }), undefined);
    expect(status.conditions?.map(({ type, status: word, reason }) => `${type} ${word} ${reason}`)).toEqual([
      'MemoryPressure True KubeletHasInsufficientMemory',
      'DiskPressure True KubeletHasDiskPressure',
      'PIDPressure True KubeletHasInsufficientPID',
      'Ready False KubeletNotReady',
    ]);
    expect(status.conditions?.at(-1)?.message).toBe('container runtime is down: x');
  });
});

test('says when the runtime is not ready, in its words, and when it is again', async () => {
  const { startAgent, runtime, clock, client } = await bedOf();
  await startAgent();
  const ready = async () =>
    (await client.get(nodes, { name: nodeName })).status?.conditions?.find(({ type }) => type === 'Ready');
  runtime.setStatus({ runtimeReady: true, networkReady: false, message: 'cni plugin not initialized' });
  await clock.advance(11_000);
  expect(await ready()).toMatchObject({
    status: 'False',
    message: 'container runtime network not ready: cni plugin not initialized',
  });
  runtime.setStatus({ runtimeReady: true, networkReady: true, message: '' });
  await clock.advance(1_000);
  expect(await ready()).toMatchObject({ status: 'True' });
});

test('registers again when its node was deleted, and its lease has the new owner', async () => {
  const { startAgent, clock, client } = await bedOf();
  await startAgent();
  const first = await client.get(nodes, { name: nodeName });
  await client.delete(nodes, { name: nodeName });
  await clock.advance(25_000);
  const second = await client.get(nodes, { name: nodeName });
  expect(second.metadata.uid).not.toBe(first.metadata.uid);
  const lease = await client.get(leases, { namespace: 'kube-node-lease', name: nodeName });
  expect(lease.metadata.ownerReferences?.[0]?.uid).toBe(second.metadata.uid);
});

test('an unchanged status is written every five minutes, the lease every second', async () => {
  const { startAgent, clock, client } = await bedOf();
  await startAgent();
  await clock.advance(1_000);
  const versions = async () => ({
    node: (await client.get(nodes, { name: nodeName })).metadata.resourceVersion,
    renewed: (await client.get(leases, { namespace: 'kube-node-lease', name: nodeName })).spec?.renewTime,
  });
  const before = await versions();
  await clock.advance(60_000);
  const minute = await versions();
  expect(minute.node).toBe(before.node);
  const sinceMs = Date.parse(minute.renewed ?? '') - Date.parse(before.renewed ?? '');
  expect(Math.abs(sinceMs - 60_000)).toBeLessThan(1_200);
  await clock.advance(300_000);
  expect((await versions()).node).not.toBe(before.node);
});

test('settings that cannot work are refused', () => {
  expect(() => compileAgentSettings('n', { leaseRenewMs: 50_000 })).toThrow(
    'leaseRenewMs (50000) must be at most a third of fenceSeconds (6)',
  );
  expect(() => compileAgentSettings('n', { sandboxesAtOnce: 0 })).toThrow('sandboxesAtOnce');
});

test('what the kernel says of the machine', () => {
  expect(
    parseMeminfo('MemTotal:       24683000 kB\nHugePages_Total:       0\nMemAvailable: 1 kB\n').get('MemTotal'),
  ).toBe(24683000 * 1024);
  const info =
    '36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw\n22 1 0:5 / /proc rw - proc proc rw\n';
  expect(parseMountInfo(info)).toEqual([
    { path: '/mnt 2', type: 'ext3' },
    { path: '/proc', type: 'proc' },
  ]);
  expect([2, 1024, 262_144].map(weightOf)).toEqual([1, 39, 10_000]);
});
