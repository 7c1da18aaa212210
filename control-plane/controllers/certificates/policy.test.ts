import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { certificateIssuedExtra, clientKubeletSigner, clientSigner, kubeletServingSigner } from '#api/certificates.ts';
import type {
  V1CertificateSigningRequest,
  V1CertificateSigningRequestCondition,
  V1Node,
} from '#api/generated/types.ts';
import { createSigningRequest } from '#client/certificates/signing-request.ts';
import { keptUntilMs } from './cleaner.ts';
import { judgeFacts, type NodeFacts } from './node-facts.ts';
import { judgeForm, removalError, signingError } from './policy.ts';
import { type ParsedRequest, parseRequest } from './request.ts';

const parsed: ParsedRequest = {
  commonNames: ['system:node:n1'],
  organizations: ['system:nodes'],
  otherNameParts: [],
  dnsNames: [],
  addresses: [],
  otherAlternatives: [],
  publicKey: new Uint8Array(),
};
const node = { username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
const joiner = { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:authenticated'] };
const client = { signerName: clientKubeletSigner, usages: ['digital signature', 'client auth'], request: '' };
const serving = { signerName: kubeletServingSigner, usages: ['server auth', 'digital signature'], request: '' };

describe('the form of a request', () => {
  const kinds: readonly [string, V1CertificateSigningRequest['spec'], Partial<ParsedRequest>, string][] = [
    ['of a node for itself', { ...client, ...node }, {}, 'well-formed'],
    ['of a joining machine', { ...client, ...joiner }, {}, 'well-formed'],
    ['for serving', { ...serving, ...node }, { dnsNames: ['n1'], addresses: ['192.0.2.1'] }, 'well-formed'],
    ['with an old key', { ...client, ...node, usages: [...client.usages, 'key encipherment'] }, {}, 'well-formed'],
    ['of the administrator', { ...client, username: 'system:admin', groups: ['system:masters'] }, {}, 'not-ours'],
    ['of a user who calls himself a node', { ...client, username: 'system:node:n1', groups: [] }, {}, 'not-ours'],
    ['to another signer', { ...client, ...node, signerName: clientSigner }, {}, 'not-ours'],
    [
      'for both uses',
      { ...client, ...node, usages: ['digital signature', 'client auth', 'server auth'] },
      {},
      'refused',
    ],
    ['for no use', { ...client, ...node, usages: [] }, {}, 'refused'],
    ['with two names', { ...client, ...node }, { commonNames: ['system:node:n1', 'system:admin'] }, 'refused'],
    ['with an OU', { ...client, ...node }, { otherNameParts: ['OU'] }, 'refused'],
    ['with an email', { ...serving, ...node }, { dnsNames: ['n1'], otherAlternatives: ['email'] }, 'refused'],
    ['of a name in capitals', { ...client, ...joiner }, { commonNames: ['system:node:N1'] }, 'refused'],
    ['at what is no address', { ...serving, ...node }, { addresses: ['c0a8'] }, 'refused'],
    ['of two groups', { ...client, ...node }, { organizations: ['system:nodes', 'system:nodes'] }, 'refused'],
  ];
  it.each(kinds)('%s', (_, spec, change, kind) => {
    expect(judgeForm(spec, { ...parsed, ...change }).kind).toBe(kind);
  });
});

describe('whose names and addresses', () => {
  const of = (name: string, address: string, ready: string | undefined = 'True'): V1Node => ({
    metadata: { name },
    status: {
      addresses: [{ type: 'InternalIP', address }],
      ...(ready && { conditions: [{ type: 'Ready', status: ready }] }),
    },
  });
  const facts: NodeFacts = {
    node: of('n1', '192.0.2.1'),
    lease: undefined,
    nodes: [of('n1', '192.0.2.1'), of('n2', '2001:db8::2')],
    reserved: new Set(['server', '192.0.2.100']),
    createdMs: 0,
    nowMs: 1_000,
  };
  const judge = (hosts: Partial<ParsedRequest>, change: Partial<NodeFacts> = {}) =>
    judgeFacts({ nodeName: 'n1', kind: 'serving', by: 'node' }, { ...parsed, ...hosts }, { ...facts, ...change });
  const join = (change: Partial<NodeFacts>, nodeName = 'n1') =>
    judgeFacts({ nodeName, kind: 'client', by: 'bootstrapper' }, parsed, { ...facts, ...change });

  it('its own are given', () => {
    expect(judge({ dnsNames: ['n1', 'N1'], addresses: ['192.0.2.1'] })).toEqual({ kind: 'approve' });
  });

  it('one that is not reported yet is waited for, but not for long', () => {
    const addresses = ['192.0.2.7'];
    expect(judge({ addresses }).kind).toBe('wait');
    expect(judge({ addresses }, { nowMs: 20_000 })).toMatchObject({ kind: 'deny', reason: 'NotItsAddress' });
  });

  it('a machine that has not reported, or not since it died, may have what nobody has', () => {
    const addresses = ['192.0.2.7'];
    expect(judge({ addresses }, { node: undefined }).kind).toBe('approve');
    expect(judge({ addresses }, { node: of('n1', '192.0.2.1', 'Unknown') }).kind).toBe('approve');
  });

  it.each(['2001:db8:0:0::2', '192.0.2.100', '127.0.0.1', '0.0.0.0', '::1', '0:0:0:0:0:0:0:1'])(
    'never another’s: %s',
    (address) => {
      expect(judge({ addresses: [address] }, { node: undefined })).toMatchObject({ kind: 'deny' });
    },
  );

  it.each(['n2', 'N2', 'server', 'localhost'])('never another’s: %s', (name) => {
    expect(judge({ dnsNames: [name] }, { node: undefined })).toMatchObject({ kind: 'deny' });
  });

  it('never another’s by being called so', () => {
    const named = (address: string, node?: V1Node) =>
      judgeFacts(
        { nodeName: '192.0.2.9', kind: 'serving', by: 'node' },
        { ...parsed, addresses: [address] },
        { ...facts, nodes: [...facts.nodes, of('n9', '192.0.2.9')], node },
      );
    const denied = { kind: 'deny', reason: 'NotItsAddress' };
    expect(named('192.0.2.9')).toMatchObject(denied);
    expect(named('192.0.2.9', of('192.0.2.9', '192.0.2.55'))).toMatchObject(denied);
    expect(named('192.0.2.55', of('192.0.2.9', '192.0.2.55'))).toEqual({ kind: 'approve' });
  });

  it.each(['::ffff:192.0.2.100', '::ffff:c000:264', '::ffff:127.0.0.1', '::FFFF:192.0.2.9'])(
    'never another’s in other digits: %s',
    (address) => {
      const others = { nodes: [...facts.nodes, of('n9', '192.0.2.9')], node: undefined };
      expect(judge({ addresses: [address] }, others)).toMatchObject({ kind: 'deny', reason: 'NotItsAddress' });
    },
  );

  it('a machine that has not reported may not have any name but its own', () => {
    for (const node of [undefined, of('n1', '192.0.2.1', 'Unknown')]) {
      expect(judge({ dnsNames: ['n1', 'db.default.svc'] }, { node })).toMatchObject({
        kind: 'deny',
        reason: 'NotItsAddress',
      });
    }
    const reported: V1Node = {
      ...of('n1', '192.0.2.1'),
      status: { addresses: [{ type: 'Hostname', address: 'One' }] },
    };
    expect(judge({ dnsNames: ['n1', 'one'] }, { node: reported })).toEqual({ kind: 'approve' });
  });

  it('a name is taken while its machine lives', () => {
    expect(join({})).toMatchObject({ kind: 'deny', reason: 'NodeNameTaken' });
    expect(join({ node: of('n1', '', 'False') })).toMatchObject({ kind: 'deny' });
    expect(join({ node: of('n1', '', 'Unknown') })).toEqual({ kind: 'approve' });
    expect(join({ node: undefined })).toEqual({ kind: 'approve' });
    expect(join({ node: undefined }, 'server')).toMatchObject({ kind: 'deny' });
  });

  it('one that has never reported lives as long as it renews its lease', () => {
    const silent: V1Node = { metadata: { name: 'n1' } };
    const lease = { spec: { renewTime: new Date(500).toISOString() } };
    expect(join({ node: silent, lease })).toMatchObject({ kind: 'deny' });
    expect(join({ node: silent, lease, nowMs: 100_000 })).toEqual({ kind: 'approve' });
    expect(join({ node: silent })).toEqual({ kind: 'approve' });
  });
});

describe('what was approved', () => {
  const person = { signerName: clientSigner, usages: ['client auth'], request: '' };
  it.each([
    [{}, undefined],
    [{ organizations: ['team', 'system:masters'] }, 'system:masters'],
    [{ commonNames: ['berth-apiserver'] }, "the API server's own"],
    [{ commonNames: [] }, 'one common name'],
  ])('%j is looked at again before it is signed', (change, why) => {
    const wrong = signingError(person, { ...parsed, commonNames: ['eve'], ...change });
    if (why === undefined) expect(wrong).toBeUndefined();
    else expect(wrong).toContain(why);
  });
  it('also for nodes', () => {
    expect(signingError({ ...client }, { ...parsed, organizations: ['system:masters'] })).toContain('organization');
  });
});

it('a node that was removed since it asked gets nothing; one that joined again since does', () => {
  const asked = (issuedMs: number) => ({
    ...client,
    ...node,
    extra: { [certificateIssuedExtra]: [new Date(issuedMs).toISOString()] },
  });
  expect(removalError(asked(1_000), 1_000)).toContain('was removed');
  expect(removalError(asked(1_000), 5_500)).toContain('was removed');
  expect(removalError(asked(2_000), 1_500)).toBeUndefined();
  expect(removalError(asked(2_000), undefined)).toBeUndefined();
  expect(removalError({ ...client, ...joiner }, 1_500)).toBeUndefined();
});

describe('bytes that ask for a certificate', () => {
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');

  it('say what was put into them', async () => {
    const subject = { commonName: 'system:node:n1', organizations: ['system:nodes'] };
    const { request } = await createSigningRequest(subject, ['n1', '192.0.2.1', '2001:db8::1']);
    expect(await parseRequest(base64(request))).toMatchObject({
      ...{ commonNames: ['system:node:n1'], organizations: ['system:nodes'], otherNameParts: [] },
      ...{ dnsNames: ['n1'], addresses: ['192.0.2.1', '2001:db8::1'], otherAlternatives: [] },
    });
  });

  it('are refused when what they say was changed, or when they are none at all', async () => {
    const { request } = await createSigningRequest({ commonName: 'a', organizations: [] }, []);
    const der = Buffer.from(request.replace(/-----[^-]+-----|\n/g, ''), 'base64');
    const pem = (bytes: Buffer) =>
      base64(`-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`);
    const original = await parseRequest(pem(der));
    const bits = fc.nat(der.length * 8 - 1);
    await fc.assert(
      fc.asyncProperty(bits, async (bit) => {
        const changed = Buffer.from(der);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        // A few bits say nothing, such as those that fill up the signature.
        const read = await parseRequest(pem(changed)).catch((error: unknown) => error);
        if (!(read instanceof Error)) expect(read).toEqual(original);
      }),
      { numRuns: 200 },
    );
    for (const text of [undefined, '', 'hello', base64('hello')]) await expect(parseRequest(text)).rejects.toThrow();
  });
});

it('a request is kept for an hour after its decision, or a day', () => {
  const hourMs = 3_600_000;
  const at = (ms: number) => new Date(ms).toISOString();
  const made = (conditions: V1CertificateSigningRequestCondition[]) => ({
    metadata: { creationTimestamp: at(0) },
    spec: { request: '', signerName: 'x/y' },
    status: { conditions },
  });
  expect(keptUntilMs(made([]))).toBe(24 * hourMs);
  expect(keptUntilMs(made([{ type: 'Denied', status: 'True', lastUpdateTime: at(hourMs) }]))).toBe(2 * hourMs);
  expect(keptUntilMs(made([{ type: 'Approved', status: 'True' }]))).toBe(hourMs);
  expect(keptUntilMs(made([{ type: 'Approved', status: 'True' }]), true)).toBe(hourMs / 12);
});
