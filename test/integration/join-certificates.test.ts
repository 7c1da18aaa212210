import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { certificateSigningRequests } from '#api/kinds.ts';
import { startJoining, type TestJoining } from '../harness/joining.ts';

let cluster: TestJoining;
beforeAll(async () => {
  cluster = await startJoining();
});
afterAll(() => cluster.stop());

it('a machine gets both certificates with its token', async () => {
  const { client, serving } = await cluster.join('n1', ['192.0.2.1', '2001:db8::1']);
  const own = new X509Certificate(client.cert);
  expect(own.subject).toBe('O=system:nodes\nCN=system:node:n1');
  expect(own.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(new X509Certificate(serving.cert).subjectAltName).toBe(
    'DNS:n1, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1',
  );
  const { items } = await cluster.plane.client.list(certificateSigningRequests);
  expect(items.map(({ spec }) => spec.username).sort()).toEqual(['system:bootstrap:t00001', 'system:node:n1']);
});
