import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StatusError } from '../status-error.ts';
import { decodeProtobuf } from './decode.ts';
import { packedVarints, wireFields } from './wire.ts';

/** A small writer, for tests only. */
const varint = (value: number | bigint): Buffer => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
};
const number = (field: number, value: number | bigint): Buffer => Buffer.concat([varint(field * 8), varint(value)]);
const text = (field: number, value: string | Buffer, ...more: Buffer[]): Buffer => {
  const bytes = Buffer.concat([Buffer.from(value), ...more]);
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
};
const message = (field: number, ...parts: Buffer[]): Buffer => text(field, Buffer.concat(parts));
const envelope = (apiVersion: string, kind: string, ...parts: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from('k8s\0'), message(1, text(1, apiVersion), text(2, kind)), message(2, ...parts)]);

describe('decodeProtobuf', () => {
  test('metadata, maps, bytes; what nobody set is left out', () => {
    const metadata = message(
      1,
      text(1, 's'),
      text(2, ''),
      number(7, 0),
      message(8),
      message(11, text(1, 'a'), text(2, 'b')),
    );
    const data = message(2, text(1, 'k'), text(2, Buffer.from([0, 255])));
    expect(decodeProtobuf(envelope('v1', 'Secret', metadata, data, text(3, 'Opaque')), 'V1Secret')).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', labels: { a: 'b' } },
      data: { k: 'AP8=' },
      type: 'Opaque',
    });
  });

  test('zero replicas are zero, not absent; strategies keep their numbers and percentages', () => {
    const rolling = message(
      2,
      message(1, number(1, 1), number(2, 0), text(3, '25%')),
      message(2, number(1, 0), number(2, 3)),
    );
    const spec = message(2, number(1, 0), message(4, text(1, 'RollingUpdate'), rolling), number(5, 0));
    expect(decodeProtobuf(envelope('apps/v1', 'Deployment', spec), 'V1Deployment')).toMatchObject({
      spec: {
        replicas: 0,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: 3 } },
      },
    });
  });

  test('messages that JSON does not show: volumes, probes; quantities; lists', () => {
    const volume = message(1, text(1, 'v'), message(2, message(2)));
    const probe = message(10, message(1, message(1, text(1, 'true'))), number(4, 10));
    const requests = message(2, text(1, 'cpu'), message(2, text(1, '100m')));
    const container = message(2, text(1, 'c'), text(2, 'i'), text(3, 'sh'), text(3, ''), message(8, requests), probe);
    const pod = decodeProtobuf(envelope('v1', 'Pod', message(2, volume, container, number(4, 0))), 'V1Pod');
    expect(pod.spec).toEqual({
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [
        {
          name: 'c',
          image: 'i',
          command: ['sh', ''],
          resources: { requests: { cpu: '100m' } },
          livenessProbe: { exec: { command: ['true'] }, periodSeconds: 10 },
        },
      ],
      terminationGracePeriodSeconds: 0,
    });
  });

  test('negative numbers, times, lists in maps', () => {
    const time = message(8, number(1, 1_700_000_000));
    const classy = decodeProtobuf(
      envelope('scheduling.k8s.io/v1', 'PriorityClass', message(1, time), number(2, -5n)),
      'V1PriorityClass',
    );
    expect(classy).toMatchObject({ metadata: { creationTimestamp: '2023-11-14T22:13:20Z' }, value: -5 });
    const extra = message(5, text(1, 'k'), message(2, text(1, 'a'), text(1, 'b')));
    const review = decodeProtobuf(
      envelope('authorization.k8s.io/v1', 'SubjectAccessReview', message(2, text(3, 'u'), extra)),
      'V1SubjectAccessReview',
    );
    expect(review.spec).toEqual({ user: 'u', extra: { k: ['a', 'b'] } });
  });

  test('fields that are not known are passed over', () => {
    expect(decodeProtobuf(envelope('v1', 'ConfigMap', text(99, 'x'), number(98, 1)), 'V1ConfigMap')).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
    });
  });

  test('a key named __proto__ is a key', () => {
    const data = message(2, text(1, '__proto__'), text(2, 'x'));
    const object = decodeProtobuf(envelope('v1', 'ConfigMap', data), 'V1ConfigMap');
    expect(Object.keys(Object(object.data))).toEqual(['__proto__']);
  });

  test('refusals', () => {
    expect(() => decodeProtobuf(Buffer.from('{}'), 'V1Pod')).toThrow(/does not begin/);
    expect(() => decodeProtobuf(envelope('v1', 'X'), undefined)).toThrow(/not read as protobuf/);
    expect(() => decodeProtobuf(envelope('v1', 'Pod', Buffer.from([0x0a, 0x7f])), 'V1Pod')).toThrow(StatusError);
    expect(() => decodeProtobuf(envelope('v1', 'Pod', number(1, 1)), 'V1Pod')).toThrow(/not well-formed/);
  });

  test('any bytes: an object or a StatusError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeProtobuf(envelope('v1', 'Pod', Buffer.from(bytes)), 'V1Pod');
        } catch (error) {
          expect(error).toBeInstanceOf(StatusError);
        }
      }),
    );
  });
});

test('varints of any size come back', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 20 }), (values) => {
      expect(packedVarints(Buffer.concat(values.map(varint)))).toEqual(values);
      const fields = [...wireFields(Buffer.concat(values.map((value) => number(3, value))))];
      expect(fields.map((field) => field.value)).toEqual(values);
    }),
  );
  expect(() => packedVarints(Buffer.alloc(12, 0x80))).toThrow(StatusError);
});
