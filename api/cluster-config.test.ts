import { describe, expect, it } from 'vitest';
import { clusterConfig, clusterConfigFromData, clusterConfigToData, defaultClusterConfig } from './cluster-config.ts';

describe('the config of a cluster', () => {
  it('comes back from a ConfigMap as it was put there', () => {
    const config = clusterConfig({ clusterCidr: '10.60.0.0/20', network: 'vxlan', fenceSeconds: 0 });
    expect(clusterConfigFromData(clusterConfigToData(config))).toEqual(config);
  });

  it('has a default for everything', () => {
    expect(clusterConfig()).toEqual(defaultClusterConfig);
    expect(clusterConfigFromData()).toEqual(defaultClusterConfig);
  });

  it('puts DNS at the tenth service address', () => {
    expect(clusterConfig({ serviceCidr: '10.99.16.0/20' }).clusterDns).toBe('10.99.16.10');
  });

  it('gives a small pod network to its one node whole', () => {
    expect(clusterConfig({ clusterCidr: '10.42.7.0/26' }).nodeCidrBits).toBe(26);
  });

  it.each([
    [{ clusterCidr: '10.42.0.0' }, 'clusterCidr must be'],
    [{ serviceCidr: 'fd00::/108' }, 'serviceCidr must be'],
    [{ clusterDomain: 'Cluster..local' }, 'clusterDomain must be'],
    [{ nodePorts: '30000' }, 'nodePorts must be'],
    [{ nodePorts: '32767-30000' }, 'nodePorts must be'],
    [{ network: 'ipip' }, 'network must be auto, route or vxlan, but is "ipip"'],
    [{ detectSeconds: '1' }, 'detectSeconds must be'],
    [{ fenceSeconds: 'soon' }, 'fenceSeconds must be'],
    [{ evictSeconds: '0' }, 'evictSeconds must be a whole number of seconds, 1 or more'],
    [{ detectSeconds: '10', fenceSeconds: '10' }, 'fenceSeconds must be 0 (never) or more than detectSeconds (10)'],
    [{ nodeCidrBits: '30' }, 'nodeCidrBits must be'],
  ])('refuses %j and names the field', (data, words) => {
    expect(() => clusterConfigFromData(data)).toThrow(words);
  });
});
