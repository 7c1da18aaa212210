import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clusterConfig } from '#api/cluster-config.ts';
import { type HostLayout, hostLayout } from '#host/layout.ts';
import { type JoinedSettings, saveSettings } from '#host/settings.ts';
import { addressFrom, portFlag, serverSettings, settingsFrom } from './host-context.ts';

let home: string;
let layout: HostLayout;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'berth-context-'));
  layout = hostLayout(home);
});
afterEach(() => rmSync(home, { recursive: true }));

const joined: JoinedSettings = {
  role: 'agent',
  nodeName: 'm2',
  nodeAddress: '192.0.2.2',
  nodeAddressAuto: true,
  agentPort: 10_250,
  servers: ['https://192.0.2.1:6443'],
  cluster: clusterConfig(),
};

describe('the address of a machine', () => {
  const found = () => '192.0.2.9';
  const chosen = { ...joined, nodeAddressAuto: false };
  it.each([
    ['is found when nobody chose it', {}, undefined, '192.0.2.9', true],
    ['is what was chosen', { nodeAddress: '192.0.2.5' }, undefined, '192.0.2.5', false],
    ['stays what was chosen before', {}, chosen, '192.0.2.2', false],
    ['follows the machine again when that is asked for', { nodeAddress: 'auto' }, chosen, '192.0.2.9', true],
    ['is found anew when it was found before', {}, joined, '192.0.2.9', true],
  ])('%s', (_, flags, existing, nodeAddress, nodeAddressAuto) => {
    expect(addressFrom(flags, existing, found)).toEqual({ nodeAddress, nodeAddressAuto });
  });
  it('is not lost while the machine has no network', () => {
    expect(addressFrom({}, joined, () => '127.0.0.1').nodeAddress).toBe('192.0.2.2');
  });
  it('must be one', () => {
    expect(() => addressFrom({ nodeAddress: 'eth0' }, undefined, found)).toThrow(
      '--node-address must be an IP address',
    );
  });
});

describe('the settings of a server', () => {
  it('are made of flags, and kept', () => {
    const flags = { nodeName: 'm1', apiPort: '7443', apiName: ['berth.example.com'], nodeAddress: '192.0.2.1' };
    const { settings, existed } = settingsFrom(layout, flags);
    expect(existed).toBe(false);
    expect(settings).toMatchObject({ role: 'server', nodeName: 'm1', apiPort: 7443, apiNames: ['berth.example.com'] });
    saveSettings(layout.settingsFile, settings);
    expect(settingsFrom(layout, {})).toEqual({ settings, existed: true });
    expect(() => settingsFrom(layout, { nodeName: 'm7' })).toThrow('made with nodeName m1, and m7 was asked for');
    expect(settingsFrom(layout, { apiName: ['other'] }).settings.apiNames).toEqual(['other']);
  });
  it('are not those of a machine that joined', () => {
    expect(() => serverSettings(layout)).toThrow('there is no cluster on this machine yet');
    saveSettings(layout.settingsFile, joined);
    expect(() => serverSettings(layout)).toThrow('this machine joined a cluster as node m2');
  });
});

it.each(['0', '65535', 'x', '1.5', '-1', ''])('%j is no port', (text) => {
  expect(() => portFlag('--agent-port', text)).toThrow('--agent-port must be a port number');
});
