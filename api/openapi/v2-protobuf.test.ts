import { describe, expect, it } from 'vitest';
import { doubleField, lengthDelimited, varintField } from './protobuf-writer.ts';
import { encodeOpenApiV2 } from './v2-protobuf.ts';

const text = (field: number, value: string): Buffer => Buffer.concat(lengthDelimited(field, value));
const message = (field: number, ...parts: Buffer[]): Buffer =>
  Buffer.concat(lengthDelimited(field, Buffer.concat(parts)));

describe('the wire format', () => {
  it('is that of Protocol Buffers', () => {
    expect(Buffer.concat(varintField(1, 150))).toEqual(Buffer.from([0x08, 0x96, 0x01]));
    expect(text(2, 'testing')).toEqual(Buffer.from('\x12\x07testing'));
    expect(Buffer.concat(varintField(31, true))).toEqual(Buffer.from([0xf8, 0x01, 0x01]));
    expect(Buffer.concat(doubleField(1, 1))).toEqual(Buffer.from([0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]));
    expect(Buffer.concat(varintField(1, 2 ** 40))).toHaveLength(7);
  });
});

describe('a document', () => {
  it('has its parts in gnostic’s messages', () => {
    const schema = {
      type: 'object',
      properties: { a: { $ref: '#/definitions/B' } },
      'x-kubernetes-action': ['get'],
      unknown: 1,
    };
    expect(encodeOpenApiV2({ swagger: '2.0', definitions: { A: schema } })).toEqual(
      Buffer.concat([
        text(1, '2.0'),
        message(
          9,
          message(
            1,
            text(1, 'A'),
            message(
              2,
              message(22, text(1, 'object')),
              message(25, message(1, text(1, 'a'), message(2, text(1, '#/definitions/B')))),
              message(31, text(1, 'x-kubernetes-action'), message(2, text(2, '["get"]'))),
            ),
          ),
        ),
      ]),
    );
  });

  it('wraps parameters by where they stand', () => {
    const parameters = [
      { name: 'q', in: 'query', type: 'string', uniqueItems: true },
      { name: 'p', in: 'path', required: true },
      { name: 'b', in: 'body', schema: { type: 'object' } },
    ];
    const encoded = encodeOpenApiV2({ paths: { '/x': { get: { parameters } } } });
    const query = message(3, text(4, 'q'), text(2, 'query'), text(6, 'string'), Buffer.concat(varintField(20, true)));
    const path = message(4, text(4, 'p'), text(2, 'path'), Buffer.concat(varintField(1, true)));
    const body = message(1, text(2, 'b'), text(3, 'body'), message(5, message(22, text(1, 'object'))));
    const operation = message(
      2,
      ...[message(2, query), message(2, path), body].map((one) => message(8, message(1, one))),
    );
    expect(encoded).toEqual(message(8, message(2, text(1, '/x'), message(2, operation))));
  });
});
