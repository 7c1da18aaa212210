import { expect, test } from 'vitest';
import { samplePod } from '../testing/pod-samples.ts';
import { parseResolvConf, podDns } from './dns.ts';

const node = parseResolvConf('nameserver 192.0.2.1\nsearch corp.example.\noptions timeout:1');
const cluster = { clusterDns: ['10.43.0.10'], clusterDomain: 'cluster.local' };

test('by default the cluster answers, and its names come before those of the machine', () => {
  expect(podDns(samplePod(), node, cluster)).toEqual({
    servers: ['10.43.0.10'],
    searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp.example'],
    options: ['ndots:5'],
  });
});

test('a pod in the network of its machine asks as the machine does, unless it says otherwise', () => {
  expect(podDns(samplePod({ hostNetwork: true }), node, cluster).servers).toEqual(['192.0.2.1']);
  const asked = podDns(samplePod({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }), node, cluster);
  expect(asked).toMatchObject({ servers: ['10.43.0.10'], options: ['ndots:5'] });
});

test('Default is the machine, except for servers that only the machine reaches', () => {
  expect(podDns(samplePod({ dnsPolicy: 'Default' }), node, cluster)).toMatchObject({
    servers: ['192.0.2.1'],
    options: ['timeout:1'],
  });
  const stub = parseResolvConf('nameserver 127.0.0.53\nsearch corp.example\n');
  expect(podDns(samplePod({ dnsPolicy: 'Default' }), stub, cluster)).toMatchObject({
    servers: ['10.43.0.10'],
    searches: ['corp.example'],
  });
  expect(podDns(samplePod({ hostNetwork: true }), stub, cluster).servers).toEqual(['127.0.0.53']);
});

test('dnsConfig adds to what the policy gives, and its options win', () => {
  const dnsConfig = {
    nameservers: ['192.0.2.53', '10.43.0.10'],
    searches: ['own.example.', 'cluster.local'],
    options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
  };
  expect(podDns(samplePod({ dnsConfig }), node, cluster)).toEqual({
    servers: ['10.43.0.10', '192.0.2.53'],
    searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp.example', 'own.example'],
    options: ['ndots:2', 'edns0'],
  });
  expect(podDns(samplePod({ dnsPolicy: 'None', dnsConfig }), node, cluster)).toEqual({
    servers: ['192.0.2.53', '10.43.0.10'],
    searches: ['own.example', 'cluster.local'],
    options: ['ndots:2', 'edns0'],
  });
});

test('no more than resolvers read', () => {
  const nameservers = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'];
  const searches = Array.from({ length: 40 }, (_, index) => `${'x'.repeat(60)}${index}.example`);
  const result = podDns(samplePod({ dnsPolicy: 'None', dnsConfig: { nameservers, searches } }), node, cluster);
  expect(result.servers).toHaveLength(3);
  expect(result.searches.length).toBeLessThanOrEqual(32);
  expect(result.searches.join(' ').length).toBeLessThanOrEqual(2048);
});
