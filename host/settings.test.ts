import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clusterConfig } from '#api/cluster-config.ts';
import { HostError } from './errors.ts';
import { defaultSettings, type JoinedSettings, loadSettings, type ServerSettings, saveSettings } from './settings.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-settings-'));
  file = join(folder, 'settings.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const machine = {
  nodeName: 'one',
  nodeAddress: '192.0.2.1',
  nodeAddressAuto: true,
  agentPort: 10_250,
  cluster: clusterConfig({ network: 'route' }),
};
const server: ServerSettings = { ...machine, ...defaultSettings, role: 'server', apiNames: ['berth.example.com'] };
const joined: JoinedSettings = { ...machine, role: 'agent', servers: ['https://192.0.2.9:6443'] };

describe('settings', () => {
  it.each([server, joined])('of a machine of role $role come back as they were saved, readable by root only', (one) => {
    saveSettings(file, one);
    expect(loadSettings(file)).toEqual(one);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('are undefined where there is no cluster yet', () => {
    expect(loadSettings(join(folder, 'none.json'))).toBeUndefined();
  });

  it('of a version that knew one machine only are of a server that keeps its address and its pod network', () => {
    const old = {
      nodeName: 'one',
      nodeAddress: '192.0.2.1',
      ...defaultSettings,
      podCidr: '10.42.0.0/24',
      serviceCidr: '10.43.0.0/16',
      clusterDomain: 'cluster.local',
    };
    writeFileSync(file, JSON.stringify(old));
    expect(loadSettings(file)).toEqual({
      ...server,
      nodeAddressAuto: false,
      apiNames: [],
      cluster: clusterConfig({ clusterCidr: '10.42.0.0/24' }),
    });
  });

  it.each([
    '',
    '{',
    '[]',
    '{"nodeName": 5}',
    JSON.stringify({ ...server, cluster: {}, apiPort: 70_000 }),
    JSON.stringify({ ...server, cluster: {}, role: 'king' }),
    JSON.stringify({ ...server, cluster: { clusterCidr: 'x' } }),
    JSON.stringify({ ...joined, cluster: {}, servers: [] }),
    JSON.stringify({ ...joined, cluster: {}, servers: ['no url'] }),
  ])('refuse a damaged file and say what to do: %s', (content) => {
    writeFileSync(file, content);
    expect(() => loadSettings(file)).toThrow(HostError);
    expect(() => loadSettings(file)).toThrow(/cannot be used/);
  });
});
