import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clusterConfig } from '#api/cluster-config.ts';
import { HostError } from './errors.ts';
import { defaultSettings, loadSettings, saveSettings } from './settings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const settings = {
  ...defaultSettings,
  nodeName: 'one',
  nodeAddress: '192.0.2.1',
  cluster: clusterConfig({ network: 'route' }),
};

describe('settings', () => {
  it('come back as they were saved, readable by root only', () => {
    const file = join(folder, 'settings.json');
    saveSettings(file, settings);
    expect(loadSettings(file)).toEqual(settings);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('are undefined where there is no cluster yet', () => {
    expect(loadSettings(join(folder, 'none.json'))).toBeUndefined();
  });

  it.each(['', '{', '[]', '{"nodeName": 5}', JSON.stringify({ ...settings, apiPort: 70_000 })])(
    'refuse a damaged file and say what to do: %s',
    (content) => {
      const file = join(folder, 'settings.json');
      writeFileSync(file, content);
      expect(() => loadSettings(file)).toThrow(HostError);
      expect(() => loadSettings(file)).toThrow(/cannot be used/);
    },
  );
});
