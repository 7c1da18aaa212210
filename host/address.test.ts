import { describe, expect, it } from 'vitest';
import { clusterConfig } from '#api/cluster-config.ts';
import { type AddressFinders, serverHost, sourceAddress, withCurrentAddress } from './address.ts';
import type { JoinedSettings, ServerSettings } from './settings.ts';

const machine = { nodeName: 'n', nodeAddress: '192.0.2.5', agentPort: 10_250, cluster: clusterConfig() };
const server = (nodeAddressAuto: boolean): ServerSettings => ({
  ...machine,
  nodeAddressAuto,
  role: 'server',
  apiPort: 6443,
  etcdPort: 6441,
  etcdPeerPort: 6442,
  apiNames: [],
});
const joined: JoinedSettings = {
  ...machine,
  nodeAddressAuto: true,
  role: 'agent',
  servers: ['https://[2001:db8::1]:6443'],
};
const finders = (ofMachine: string, towards?: string): AddressFinders => ({
  ofMachine: () => ofMachine,
  towards: async (host) => (host === '2001:db8::1' ? towards : undefined),
});

describe('the address of a node', () => {
  it('stays when it was chosen', async () => {
    expect((await withCurrentAddress(server(false), finders('192.0.2.77'))).nodeAddress).toBe('192.0.2.5');
  });
  it('follows the machine when nobody chose it', async () => {
    expect((await withCurrentAddress(server(true), finders('192.0.2.77'))).nodeAddress).toBe('192.0.2.77');
  });
  it('of a joined machine is the one on its way to the server', async () => {
    expect((await withCurrentAddress(joined, finders('192.0.2.77', '198.51.100.3'))).nodeAddress).toBe('198.51.100.3');
  });
  it('stays as it was while the machine has no network', async () => {
    expect((await withCurrentAddress(server(true), finders('127.0.0.1'))).nodeAddress).toBe('192.0.2.5');
    expect((await withCurrentAddress(joined, finders('127.0.0.1'))).nodeAddress).toBe('192.0.2.5');
  });
});

describe('sourceAddress', () => {
  it('asks the kernel', async () => expect(await sourceAddress('127.0.0.9')).toMatch(/^127\./));
  it('is undefined for a name that nobody knows', async () =>
    expect(await sourceAddress('no-such-host.invalid')).toBeUndefined());
});

it.each([
  ['https://192.0.2.1:6443', '192.0.2.1'],
  ['https://[2001:db8::1]:6443', '2001:db8::1'],
  ['https://berth.example.com', 'berth.example.com'],
])('the host of %s is %s', (url, host) => expect(serverHost(url)).toBe(host));
