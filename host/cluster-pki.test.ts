import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clusterConfig } from '#api/cluster-config.ts';
import { certificatesAge, ensureCertificates } from './cluster-pki.ts';
import { type HostLayout, hostLayout } from './layout.ts';
import { machineAddresses } from './machine.ts';
import { defaultSettings, type ServerSettings } from './settings.ts';

let home: string;
let layout: HostLayout;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'berth-pki-'));
  layout = hostLayout(home);
});
afterEach(() => rmSync(home, { recursive: true }));

const settings: ServerSettings = {
  ...defaultSettings,
  role: 'server',
  nodeName: 'm1',
  nodeAddress: '192.0.2.1',
  nodeAddressAuto: true,
  apiNames: ['berth.example.com', '198.51.100.7'],
  cluster: clusterConfig({ serviceCidr: '10.99.0.0/16' }),
};
const dayMs = 86_400_000;

describe("the server's certificates", () => {
  it('are for every name and address by which machines may come', async () => {
    const { apiserver } = await ensureCertificates(layout, settings, Date.now());
    const certificate = new X509Certificate(apiserver.cert);
    for (const address of ['127.0.0.1', '192.0.2.1', '198.51.100.7', '10.99.0.1', ...machineAddresses()]) {
      expect(certificate.checkIP(address)).toBe(address);
    }
    for (const name of ['m1', 'localhost', 'berth.example.com', 'kubernetes.default.svc.cluster.local']) {
      expect(certificate.checkHost(name)).toBe(name);
    }
    expect(certificate.checkHost('other.example.com')).toBeUndefined();
  });

  it('are made anew for another address, by the same authority', async () => {
    await ensureCertificates(layout, settings, Date.now());
    const before = await ensureCertificates(layout, settings, Date.now());
    expect((await ensureCertificates(layout, settings, Date.now())).apiserver).toEqual(before.apiserver);
    const moved = await ensureCertificates(layout, { ...settings, nodeAddress: '192.0.2.77' }, Date.now());
    expect(new X509Certificate(moved.apiserver.cert).checkIP('192.0.2.77')).toBe('192.0.2.77');
    expect(moved.ca).toEqual(before.ca);
    expect(moved.admin).toEqual(before.admin);
  });

  it('are due when little of their life is left', async () => {
    expect(certificatesAge(layout, Date.now())).toBe(false);
    await ensureCertificates(layout, settings, Date.now());
    expect(certificatesAge(layout, Date.now() + 200 * dayMs)).toBe(false);
    expect(certificatesAge(layout, Date.now() + 300 * dayMs)).toBe(true);
  });
});
