import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dns1035LabelErrors,
  dnsLabelErrors,
  dnsSubdomainErrors,
  labelValueErrors,
  pathSegmentErrors,
  qualifiedNameErrors,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from './names.ts';

const lines = (errors: { field: string; message: string }[]): string[] =>
  errors.map(({ field, message }) => `${field}: ${message}`);

describe('rules', () => {
  it('explain a bad subdomain as Kubernetes does', () => {
    expect(dnsSubdomainErrors('Foo_bar')).toEqual([
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ]);
    expect(dnsSubdomainErrors('a'.repeat(254))).toEqual(['must be no more than 253 bytes']);
  });

  it.each(['', '.', 'a.', '-a', 'a-', 'a..b', 'a\n', 'ä'])('refuse the subdomain %j', (text) =>
    expect(dnsSubdomainErrors(text)).toHaveLength(1),
  );

  it('tell the kinds of labels apart', () => {
    expect(dnsLabelErrors('1a')).toEqual([]);
    expect(dns1035LabelErrors('1a')[0]).toContain('a DNS-1035 label must consist of');
    expect(dnsLabelErrors('a.b')[0]).toContain("(e.g. 'my-name',  or '123-abc', regex");
    expect(pathSegmentErrors('a/b%c')).toEqual(["may not contain '/'", "may not contain '%'"]);
    expect(pathSegmentErrors('..')).toEqual(["may not be '..'"]);
    expect(pathSegmentErrors('system:node')).toEqual([]);
  });

  it('take keys with and without a prefix', () => {
    expect(qualifiedNameErrors('app.kubernetes.io/name')).toEqual([]);
    expect(qualifiedNameErrors('A_b.c-1')).toEqual([]);
    expect(qualifiedNameErrors('/a')).toEqual(['prefix part must be non-empty']);
    expect(qualifiedNameErrors('a/')).toHaveLength(2);
    expect(qualifiedNameErrors('a/b/c')[0]).toContain('with an optional DNS subdomain prefix');
    expect(qualifiedNameErrors('x'.repeat(64))).toEqual(['name part must be no more than 63 bytes']);
    expect(labelValueErrors('')).toEqual([]);
    expect(labelValueErrors('a b')[0]).toContain('a valid label must be an empty string');
  });

  it('take no time over long hostile input', () => {
    expect(dnsSubdomainErrors(`${'a-'.repeat(500_000)}!`)).toHaveLength(2);
    expect(qualifiedNameErrors(`${'a.'.repeat(500_000)}!`)).toHaveLength(2);
  });

  it('accept exactly what the quoted pattern accepts', () => {
    const pattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '1', '-', '.', 'A'), { maxLength: 8 }), (characters) => {
        const text = characters.join('');
        expect(dnsSubdomainErrors(text).length === 0).toBe(pattern.test(text));
      }),
    );
  });
});

describe('metadata of a new object', () => {
  it('needs a name', () => {
    expect(lines(validateObjectMeta({ namespace: 'a' }, true))).toEqual([
      'metadata.name: Required value: name or generateName is required',
    ]);
    expect(lines(validateObjectMeta(undefined, true))).toContain('metadata.namespace: Required value');
  });

  it('lets a generated name end in a dash', () => {
    expect(validateObjectMeta({ name: 'a-1', generateName: 'a-' }, false)).toEqual([]);
    expect(lines(validateObjectMeta({ name: 'a-1', generateName: '-' }, false))).toHaveLength(1);
  });

  it('has a namespace exactly when the kind has', () => {
    expect(lines(validateObjectMeta({ name: 'a', namespace: 'b' }, false))).toEqual([
      'metadata.namespace: Forbidden: not allowed on this type',
    ]);
    expect(lines(validateObjectMeta({ name: 'a', namespace: 'B' }, true))[0]).toMatch(
      /^metadata.namespace: Invalid value: "B": a lowercase RFC 1123 label/,
    );
  });

  it('bounds annotations and checks labels', () => {
    const annotations = { a: 'x'.repeat(256 * 1024) };
    expect(lines(validateObjectMeta({ name: 'a', annotations, labels: { 'a b': 'ok', c: '-' } }, false))).toEqual([
      expect.stringMatching(/^metadata.labels: Invalid value: "a b": name part must consist/),
      expect.stringMatching(/^metadata.labels: Invalid value: "-": a valid label must/),
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    ]);
  });

  it('checks owners and finalizers', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'a', uid: '1', controller: true };
    const meta = {
      name: 'a',
      ownerReferences: [owner, { ...owner, name: 'b', uid: '' }],
      finalizers: ['mine', 'orphan'],
    };
    expect(lines(validateObjectMeta(meta, false))).toEqual([
      'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
      expect.stringContaining('Found "true" in references for ReplicaSet/a and ReplicaSet/b'),
      'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ]);
  });
});

describe('metadata of a changed object', () => {
  const old = { name: 'a', uid: '1', creationTimestamp: '2026-01-01T00:00:00Z', generation: 2 };

  it('may leave out what the server sets', () => expect(validateObjectMetaUpdate({ name: 'a' }, old)).toEqual([]));

  it('keeps its identity', () => {
    expect(lines(validateObjectMetaUpdate({ ...old, name: 'b', uid: '2', generation: 1 }, old))).toEqual([
      'metadata.generation: Invalid value: 1: must not be decremented',
      'metadata.name: Invalid value: "b": field is immutable',
      'metadata.uid: Invalid value: "2": field is immutable',
    ]);
  });

  it('gets no new finalizers once it is being deleted', () => {
    const dying = { ...old, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a/b'] };
    expect(validateObjectMetaUpdate({ ...dying, finalizers: [] }, dying)).toEqual([]);
    expect(lines(validateObjectMetaUpdate({ ...dying, finalizers: ['a/b', 'c/d'] }, dying))).toEqual([
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"c/d"}',
    ]);
  });
});
