import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSilentLog } from '#base/log.ts';
import { createBridgeSettings } from './bridge-settings.ts';

let sysctlRoot = '';
beforeEach(() => {
  sysctlRoot = mkdtempSync(join(tmpdir(), 'berth-sysctl-'));
});
afterEach(() => rmSync(sysctlRoot, { recursive: true }));

const put = (name: string, value: string): void => {
  mkdirSync(dirname(join(sysctlRoot, name)), { recursive: true });
  writeFileSync(join(sysctlRoot, name), value);
};
const get = (name: string): string => readFileSync(join(sysctlRoot, name), 'utf8').trim();

const settle = () =>
  createBridgeSettings({
    bridge: 'b0',
    serviceCidr: '10.43.0.0/16',
    run: async () => '',
    sysctlRoot,
    log: createSilentLog(),
  }).settle({ gateway: '10.42.0.1', tunnel: 'v0' });

describe('what the kernel is told beside the table', () => {
  it('lets the node itself reach its pods by 127.0.0.1, on the interfaces that are there', async () => {
    put('net/ipv4/conf/b0/send_redirects', '1\n');
    put('net/ipv4/conf/b0/route_localnet', '0\n');
    await settle();
    expect([get('net/ipv4/conf/b0/send_redirects'), get('net/ipv4/conf/b0/route_localnet')]).toEqual(['0', '1']);
  });

  it.each([
    ['16384\n', '131072'],
    ['262144\n', '262144'],
  ])('makes room for as many connections as a node of services has: %j', async (before, after) => {
    put('net/netfilter/nf_conntrack_max', before);
    await settle();
    expect(get('net/netfilter/nf_conntrack_max')).toBe(after);
  });

  it('does without where that is not ours to set', async () => {
    mkdirSync(join(sysctlRoot, 'net/netfilter/nf_conntrack_max'), { recursive: true });
    await settle();
  });
});
