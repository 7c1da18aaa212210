import { afterEach, expect, test } from 'vitest';
import { createDnsBed, endpointSlices, service, services, slice } from '../testing/dns-bed.ts';

let bed = createDnsBed();
afterEach(() => bed.stop());

async function withShop() {
  bed = createDnsBed();
  const { client } = bed;
  await client.create(
    services,
    service('kubernetes', { clusterIP: '10.43.0.1', ports: [{ name: 'https', port: 443 }] }),
  );
  await client.create(
    services,
    service('web', { clusterIP: '10.43.0.7', clusterIPs: ['10.43.0.7', 'fd00::7'], ports: [{ port: 80 }] }),
  );
  await client.create(services, service('db', { clusterIP: 'None', ports: [{ name: 'sql', port: 5432 }] }));
  await client.create(services, service('empty', { clusterIP: 'None' }));
  await client.create(
    services,
    service('out', { type: 'ExternalName', externalName: 'Web.Default.svc.cluster.local.' }),
  );
  await client.create(
    services,
    service('round', { type: 'ExternalName', externalName: 'round.default.svc.cluster.local' }),
  );
  const externalName = `${'x'.repeat(200)}.example.org`;
  await client.create(services, service('long', { type: 'ExternalName', externalName }));
  await client.create(
    endpointSlices,
    slice(
      'db',
      [
        { addresses: ['10.42.0.5'], hostname: 'db-0', conditions: { ready: true } },
        { addresses: ['10.42.1.6'], hostname: 'db-1', conditions: { ready: true } },
        { addresses: ['10.42.1.8'], conditions: {} },
        { addresses: ['10.42.1.9'], hostname: 'db-3', conditions: { ready: false } },
      ],
      { ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] },
    ),
  );
  await client.create(endpointSlices, slice('empty', [{ addresses: ['10.42.2.2'], conditions: { ready: false } }]));
  await bed.ready();
  return bed;
}

const noError = 0;
const servFail = 2;
const nxDomain = 3;

test('a service with a cluster address', async () => {
  const { ask } = await withShop();
  expect(await ask('kubernetes.default.svc.cluster.local')).toMatchObject({ rcode: noError, answers: ['A 10.43.0.1'] });
  expect((await ask('web.default.svc.cluster.local', 'AAAA')).answers).toEqual(['AAAA fd00::7']);
  expect((await ask('web.default.svc.cluster.local', 'ANY')).answers).toEqual(['A 10.43.0.7', 'AAAA fd00::7']);
});

test('a name in any letters, repeated as it was asked', async () => {
  const { ask } = await withShop();
  const answer = await ask('KuberNetes.default.SVC.cluster.Local');
  expect(answer.answers).toEqual(['A 10.43.0.1']);
  expect(answer.packet.questions?.[0]?.name).toBe('KuberNetes.default.SVC.cluster.Local');
});

test('a name that exists without such a record is not a name that does not exist', async () => {
  const { ask } = await withShop();
  for (const name of [
    'kubernetes.default.svc',
    'default.svc',
    'svc',
    'pod',
    'db-0.db.default.svc',
    '_tcp.kubernetes.default.svc',
    '_https._tcp.kubernetes.default.svc',
  ])
    expect(await ask(`${name}.cluster.local`, 'AAAA'), name).toMatchObject({
      rcode: noError,
      answers: [],
      authority: [expect.stringMatching(/^SOA /)],
    });
  for (const name of [
    'nope.default.svc',
    'nope.svc',
    'x.kubernetes.default.svc',
    'empty.default.svc',
    'default',
    'google.com.default.svc',
    '_x._tcp.kubernetes.default.svc',
    'db-3.db.default.svc',
  ])
    expect(await ask(`${name}.cluster.local`), name).toMatchObject({
      rcode: nxDomain,
      answers: [],
      authority: [expect.stringMatching(/^SOA .*"minimum":5/)],
    });
});

test('a headless service: its ready endpoints, each also by its hostname or by what stands for one', async () => {
  const { ask } = await withShop();
  expect((await ask('db.default.svc.cluster.local')).answers).toEqual(['A 10.42.0.5', 'A 10.42.1.6', 'A 10.42.1.8']);
  expect((await ask('db-1.db.default.svc.cluster.local')).answers).toEqual(['A 10.42.1.6']);
  expect((await ask('10-42-1-8.db.default.svc.cluster.local')).answers).toEqual(['A 10.42.1.8']);
});

test('SRV records of named ports, with the addresses of their targets', async () => {
  const { ask } = await withShop();
  const one = await ask('_https._tcp.kubernetes.default.svc.cluster.local', 'SRV');
  expect(one.packet.answers).toMatchObject([{ data: { port: 443, target: 'kubernetes.default.svc.cluster.local' } }]);
  expect(one.additional).toEqual(['A 10.43.0.1']);
  const headless = await ask('_sql._tcp.db.default.svc.cluster.local', 'SRV', { udpBytes: 4096 });
  const targets = headless.packet.answers?.flatMap((one) => (one.type === 'SRV' ? [one.data.target] : [])).sort();
  expect(targets).toEqual(['10-42-1-8', 'db-0', 'db-1'].map((label) => `${label}.db.default.svc.cluster.local`));
  expect(headless.additional).toEqual(['A 10.42.0.5', 'A 10.42.1.6', 'A 10.42.1.8']);
  expect((await ask('_._tcp.web.default.svc.cluster.local', 'SRV')).rcode).toBe(nxDomain);
});

test('PTR records of cluster addresses and of endpoints of headless services', async () => {
  const { ask } = await withShop();
  const ptr = async (name: string) => (await ask(name, 'PTR')).answers;
  expect(await ptr('1.0.43.10.in-addr.arpa')).toEqual(['PTR kubernetes.default.svc.cluster.local']);
  expect(await ptr('5.0.42.10.in-addr.arpa')).toEqual(['PTR db-0.db.default.svc.cluster.local']);
  const six = `${[...'7000000000000000', ...'00000000000000df'].join('.')}.ip6.arpa`;
  expect(await ptr(six)).toEqual(['PTR web.default.svc.cluster.local']);
  expect(await ask('99.9.42.10.in-addr.arpa', 'PTR')).toMatchObject({ rcode: nxDomain });
  expect(await ask('9.1.42.10.in-addr.arpa', 'PTR')).toMatchObject({ rcode: nxDomain });
  // Not the cluster's to answer, and here is nobody else.
  expect(await ask('1.2.0.192.in-addr.arpa', 'PTR')).toMatchObject({ rcode: servFail });
});

test('ExternalName is an alias, within the cluster too, and a circle ends', async () => {
  const { ask } = await withShop();
  expect((await ask('out.default.svc.cluster.local')).answers).toEqual([
    'A 10.43.0.7',
    'CNAME web.default.svc.cluster.local',
  ]);
  expect((await ask('out.default.svc.cluster.local', 'CNAME')).answers).toEqual([
    'CNAME web.default.svc.cluster.local',
  ]);
  expect(await ask('round.default.svc.cluster.local')).toMatchObject({ rcode: servFail });
});

test('an ExternalName that no message can carry, though the API takes it, is a failure of its own only', async () => {
  const { ask } = await withShop();
  for (const type of ['A', 'CNAME'] as const) {
    expect(await ask('long.default.svc.cluster.local', type)).toMatchObject({ rcode: servFail, answers: [] });
  }
});

test('the zone itself, its version, and names of pods', async () => {
  const { ask } = await withShop();
  expect((await ask('dns-version.cluster.local', 'TXT')).answers).toEqual(['TXT 1.1.0']);
  expect((await ask('cluster.local', 'SOA')).answers).toEqual([
    expect.stringMatching(/^SOA .*ns\.dns\.cluster\.local/),
  ]);
  expect(await ask('cluster.local', 'NS')).toMatchObject({
    answers: ['NS ns.dns.cluster.local'],
    additional: ['A 10.43.0.10'],
  });
  expect((await ask('10-42-3-4.default.pod.cluster.local')).answers).toEqual(['A 10.42.3.4']);
  expect(await ask('10-42-3-4.default.pod.cluster.local', 'AAAA')).toMatchObject({ rcode: noError, answers: [] });
  for (const label of ['10-42-3-256', '10-42-3', 'web', '01-2-3-4', '-']) {
    expect((await ask(`${label}.default.pod.cluster.local`)).rcode, label).toBe(nxDomain);
  }
});

test('changes show at once, and a service that goes takes its names along', async () => {
  const { ask, client } = await withShop();
  const name = 'db.default.svc.cluster.local';
  await ask(name);
  const old = await client.get(endpointSlices, { namespace: 'default', name: 'db-1' });
  await client.update(endpointSlices, { ...old, endpoints: [{ addresses: ['10.42.7.7'] }] });
  await expect.poll(async () => (await ask(name)).answers).toEqual(['A 10.42.7.7']);
  await client.delete(services, { namespace: 'default', name: 'db' });
  await expect.poll(async () => (await ask(name)).rcode).toBe(nxDomain);
});

test('before the cluster is known it says that it does not know', async () => {
  bed = createDnsBed({ synced: () => false });
  expect(await bed.ask('kubernetes.default.svc.cluster.local')).toMatchObject({ rcode: servFail, answers: [] });
});
