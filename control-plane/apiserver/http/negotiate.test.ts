import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StatusError } from '#api/status-error.ts';
import { negotiate, parseAccept, wantsPretty } from './negotiate.ts';

const list = { transformations: ['Table', 'PartialObjectMetadataList'] } as const;

describe('negotiate', () => {
  test.each([
    [undefined, { format: 'json', as: undefined }],
    ['*/*', { format: 'json' }],
    ['text/html, application/*;q=0.5', { format: 'json' }],
    ['application/yaml', { format: 'yaml', contentType: 'application/yaml' }],
    ['application/json;q=0.2, application/yaml', { format: 'yaml' }],
    ['application/vnd.kubernetes.protobuf,application/json', { format: 'json' }],
    [
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
      { as: { kind: 'Table', version: 'v1' } },
    ],
    ['application/json; as="Table"; v=v1beta1; g=meta.k8s.io', { as: { kind: 'Table', version: 'v1beta1' } }],
    ['application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json', { as: undefined }],
    ['application/json;as=Table;v=v9;g=meta.k8s.io, application/json', { as: undefined }],
  ])('%s', (accept, expected) => {
    expect(negotiate(accept, false, list)).toMatchObject(expected);
  });

  test('nothing we can write is not acceptable', () => {
    expect(() => negotiate('application/vnd.kubernetes.protobuf', false, list)).toThrow(
      /only the following media types/,
    );
    expect(() => negotiate('application/yaml', false, { ...list, stream: true })).toThrow(StatusError);
    expect(() => negotiate('application/json;q=0', false, list)).toThrow(StatusError);
  });

  test('any header parses', () => {
    fc.assert(fc.property(fc.string(), (header) => Array.isArray(parseAccept(header))));
  });
});

test('pretty is for people', () => {
  expect(wantsPretty(new URLSearchParams('pretty=true'), undefined)).toBe(true);
  expect(wantsPretty(new URLSearchParams('pretty=false'), 'curl/8')).toBe(false);
  expect(wantsPretty(new URLSearchParams(), 'curl/8')).toBe(true);
  expect(wantsPretty(new URLSearchParams(), 'kubectl/v1.32')).toBe(false);
});
