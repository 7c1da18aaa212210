import { describe, expect, test } from 'vitest';
import type { V1Pod, V1Service } from '#api/generated/types.ts';
import { addressesOf } from './listen.ts';
import { resolvePair } from './ports.ts';

const pod: V1Pod = {
  metadata: { name: 'web-1' },
  spec: { containers: [{ name: 'web', ports: [{ name: 'http', containerPort: 8080 }, { containerPort: 9090 }] }] },
};

const service: V1Service = {
  metadata: { name: 'web' },
  spec: {
    ports: [
      { name: 'www', port: 80, targetPort: 'http' },
      { name: 'admin', port: 81, targetPort: 9090 },
    ],
  },
};

describe('ports of a pod', () => {
  test.each([
    ['8080', { local: 8080, remote: 8080 }],
    ['1234:8080', { local: 1234, remote: 8080 }],
    [':8080', { local: 0, remote: 8080 }],
    ['0:8080', { local: 0, remote: 8080 }],
    ['http', { local: 8080, remote: 8080 }],
    ['5000:http', { local: 5000, remote: 8080 }],
  ])('%s', (text, expected) => {
    expect(resolvePair(text, pod, undefined)).toEqual(expected);
  });

  test.each(['', ':', 'a:b:c', 'x:80', '-1:80', '70000:80'])('%j is refused', (text) => {
    expect(() => resolvePair(text, pod, undefined)).toThrow(/must be PORT/);
  });

  test('a name that is not there is refused, and the error lists what is', () => {
    expect(() => resolvePair('metrics', pod, undefined)).toThrow('does not have a named port "metrics"');
    expect(() => resolvePair('1:70000', pod, undefined)).toThrow('remote port must be 1 to 65535');
  });
});

describe('ports of a service', () => {
  test.each([
    ['80', { local: 80, remote: 8080 }],
    ['8000:www', { local: 8000, remote: 8080 }],
    [':81', { local: 0, remote: 9090 }],
  ])('%s leads to the port of the pod', (text, expected) => {
    expect(resolvePair(text, pod, service)).toEqual(expected);
  });

  test('a service without an address does not translate', () => {
    const headless = { ...service, spec: { ...service.spec, clusterIP: 'None' } };
    expect(resolvePair('81', pod, headless)).toEqual({ local: 81, remote: 81 });
  });

  test('a port that it does not have is refused', () => {
    expect(() => resolvePair('8080', pod, service)).toThrow('Service web does not have a service port 8080');
  });
});

test('localhost is both addresses of the machine, one of which is enough', () => {
  expect(addressesOf('localhost,10.0.0.1')).toEqual([
    { host: '127.0.0.1', optional: true },
    { host: '::1', optional: true },
    { host: '10.0.0.1', optional: false },
  ]);
});
