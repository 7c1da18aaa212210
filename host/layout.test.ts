import { describe, expect, it } from 'vitest';
import { hostLayout } from './layout.ts';

describe('hostLayout', () => {
  it("puts the machine's main cluster where the documentation says", () => {
    expect(hostLayout(undefined)).toMatchObject({
      stateDir: '/var/lib/berth',
      runDir: '/run/berth',
      logDir: '/var/log/berth',
      kubeconfig: '/var/lib/berth/admin.kubeconfig',
      bridge: 'berth0',
      nftTable: 'berth',
      cgroupRoot: 'berth',
    });
  });

  it('gives clusters with homes of their own different kernel names', () => {
    const [a, b] = [hostLayout('/srv/a'), hostLayout('/srv/b')];
    expect(a.stateDir).toBe('/srv/a/lib');
    expect(new Set([a.bridge, b.bridge, 'berth0']).size).toBe(3);
    expect(new Set([a.nftTable, b.nftTable, 'berth']).size).toBe(3);
    expect(new Set([a.cgroupRoot, b.cgroupRoot, 'berth']).size).toBe(3);
  });

  it("keeps an interface's name within the kernel's 15 characters, the socket's path within 107", () => {
    expect(hostLayout('/srv/a').bridge.length).toBeLessThanOrEqual(15);
    expect(hostLayout('/var/tmp/berth-test-AbCdEf').containerdSocket.length).toBeLessThanOrEqual(107);
  });

  it('refuses a relative home', () => {
    expect(() => hostLayout('here')).toThrow(/BERTH_HOME must be an absolute path/);
  });
});
