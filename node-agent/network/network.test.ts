import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { V1Pod } from '#api/generated/types.ts';
import { gatewayOf } from './bridge.ts';
import { cniConfig, writeCniConfig } from './cni.ts';
import { hostPortElements, hostPortsOf, podAddressesOf } from './host-ports.ts';

const pod = (podIP: string, ports: object[], change: Partial<V1Pod> = {}): V1Pod => ({
  metadata: { name: 'p', uid: podIP },
  spec: { containers: [{ name: 'c', ports: ports.map((port) => ({ containerPort: 80, ...port })) }] },
  status: { podIP, phase: 'Running', startTime: '2026-01-01T00:00:00Z' },
  ...change,
});

describe('cniConfig', () => {
  it('is a bridge with addresses of the node, without masquerade', () => {
    const config = JSON.parse(cniConfig({ bridge: 'bg0', podCidr: '10.42.3.0/24', dataDir: '/d', mtu: 1450 }));
    expect(config).toMatchObject({
      name: 'bg0',
      plugins: [
        {
          type: 'bridge',
          bridge: 'bg0',
          isGateway: true,
          ipMasq: false,
          mtu: 1450,
          ipam: { type: 'host-local', dataDir: '/d' },
        },
      ],
    });
    expect(config.plugins[0].ipam.ranges).toEqual([[{ subnet: '10.42.3.0/24' }]]);
  });

  it('is written in one step', () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-cni-'));
    const options = { bridge: 'bg0', podCidr: '10.42.3.0/24', dataDir: join(folder, 'data') };
    writeCniConfig(join(folder, 'conf'), options);
    writeCniConfig(join(folder, 'conf'), options);
    expect(readdirSync(join(folder, 'conf'))).toEqual(['10-berth.conflist']);
    expect(readFileSync(join(folder, 'conf/10-berth.conflist'), 'utf8')).toBe(cniConfig(options));
    rmSync(folder, { recursive: true });
  });
});

describe('hostPortsOf', () => {
  it('takes the ports of pods that run and have an address', () => {
    const pods = [
      pod('10.42.0.2', [{ hostPort: 8080 }, {}, { hostPort: 53, protocol: 'UDP', hostIP: '10.0.0.1' }]),
      pod('', [{ hostPort: 1 }]),
      pod('fd00::1', [{ hostPort: 2 }]),
      pod('10.42.0.3', [{ hostPort: 3 }], { status: { podIP: '10.42.0.3', phase: 'Succeeded' } }),
      pod('10.0.0.9', [{ hostPort: 4 }], {
        spec: { hostNetwork: true, containers: [{ name: 'c', ports: [{ containerPort: 4, hostPort: 4 }] }] },
      }),
    ];
    expect(hostPortsOf(pods)).toEqual([
      { protocol: 'TCP', hostIp: undefined, hostPort: 8080, podIp: '10.42.0.2', podPort: 80 },
      { protocol: 'UDP', hostIp: '10.0.0.1', hostPort: 53, podIp: '10.42.0.2', podPort: 80 },
    ]);
  });

  it.each(['999.1.1.1', '010.0.0.1', 'fd00::1', 'example.org'])('passes over what is no IPv4 address: %s', (hostIP) => {
    expect(hostPortsOf([pod('10.42.0.2', [{ hostPort: 80, hostIP }])])).toEqual([]);
    expect(podAddressesOf([pod(hostIP, [])])).toEqual([]);
  });

  it('gives a place to one pod only, and does not depend on the order', () => {
    const pods = [pod('10.42.0.3', [{ hostPort: 80 }]), pod('10.42.0.2', [{ hostPort: 80, hostIP: '0.0.0.0' }])];
    expect(hostPortsOf(pods)).toHaveLength(1);
    expect(hostPortsOf(pods)).toEqual(hostPortsOf(pods.toReversed()));
  });
});

describe('hostPortElements', () => {
  it('has a place for each port, and every pod with itself', () => {
    const pods = [
      pod('10.42.3.2', [{ hostPort: 8080 }, { hostPort: 53, protocol: 'UDP', hostIP: '10.0.0.1' }]),
      pod('10.42.3.3', []),
      pod('10.0.0.9', [], { spec: { hostNetwork: true, containers: [] } }),
    ];
    expect([...hostPortElements(hostPortsOf(pods), podAddressesOf(pods))]).toEqual([
      ['hairpin 10.42.3.2 . 10.42.3.2', ''],
      ['hairpin 10.42.3.3 . 10.42.3.3', ''],
      ['host_ports_any tcp . 8080', '10.42.3.2 . 80'],
      ['host_ports_one 10.0.0.1 . udp . 53', '10.42.3.2 . 80'],
    ]);
  });
});

describe('gatewayOf', () => {
  it.each([
    ['10.42.3.0/24', '10.42.3.1/24'],
    ['10.42.3.128/25', '10.42.3.129/25'],
    ['10.42.3.77/16', '10.42.0.1/16'],
  ])('%s: %s', (cidr, gateway) => expect(gatewayOf(cidr)).toBe(gateway));

  it.each(['', '10.42.3.0', 'fd00::/64', '10.42.3.0/31', '0.0.0.0/0'])('refuses %j', (cidr) => {
    expect(() => gatewayOf(cidr)).toThrow(RangeError);
  });
});
