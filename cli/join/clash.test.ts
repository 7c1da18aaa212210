import { describe, expect, it } from 'vitest';
import type { V1Node } from '#api/generated/types.ts';
import { findClash } from './clash.ts';

const node = (name: string, address: string, machineID: string, bootID: string, ready = true): V1Node => ({
  metadata: { name },
  status: {
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ],
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }],
    nodeInfo: {
      machineID,
      bootID,
      systemUUID: '',
      kernelVersion: '',
      osImage: '',
      containerRuntimeVersion: '',
      kubeletVersion: '',
      kubeProxyVersion: '',
      operatingSystem: '',
      architecture: '',
    },
  },
});
const self = { nodeName: 'new', nodeAddress: '192.0.2.3', machineId: 'id3', bootId: 'boot3' };

describe('findClash', () => {
  it('finds none among others', () => {
    expect(findClash([], self)).toBeUndefined();
    expect(findClash([node('a', '192.0.2.1', 'id1', 'boot1'), node('b', '192.0.2.2', '', '')], self)).toBeUndefined();
  });
  it('is none with what the machine was before', () => {
    expect(findClash([node('new', '192.0.2.3', 'id3', 'boot2')], self)).toBeUndefined();
  });
  it('names the node that has the address', () => {
    const clash = findClash([node('a', '192.0.2.3', 'id1', 'boot1')], self);
    expect(clash?.message).toBe('node a has the address 192.0.2.3 already');
    expect(clash?.fix).toContain('It is Ready, so it is another machine.');
    expect(clash?.fix).toContain('--node-address');
  });
  it('says how to remove it when it may be gone', () => {
    const clash = findClash([node('a', '192.0.2.3', 'id1', 'boot1', false)], self);
    expect(clash?.fix).toContain('berth node remove a');
  });
  it('does not take a name for an address', () => {
    expect(findClash([node('192.0.2.3', '192.0.2.9', 'id1', 'boot1')], self)).toBeUndefined();
  });
  it('tells a copied disk', () => {
    const clash = findClash([node('a', '192.0.2.1', 'id3', 'boot1')], self);
    expect(clash?.message).toBe("node a has this machine's id (id3)");
    expect(clash?.fix).toContain('systemd-machine-id-setup');
  });
  it('lets namespaces of one machine be', () => {
    expect(findClash([node('a', '192.0.2.1', 'id3', 'boot3')], self)).toBeUndefined();
  });
  it('does not compare ids that are not there', () => {
    expect(findClash([node('a', '192.0.2.1', '', 'boot1')], { ...self, machineId: '' })).toBeUndefined();
  });
});
