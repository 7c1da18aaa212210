import { describe, expect, it } from 'vitest';
import { deployments, events, leases, pods, secrets, services } from '../kinds.ts';
import { type ResourceType, resourceType } from '../resource-type.ts';
import { decodeObject, depthMax, type FieldValidation } from './decode.ts';
import { parseJson } from './json.ts';

const decode = (type: ResourceType, body: unknown, validation: FieldValidation = 'Strict') =>
  decodeObject(type, body, validation);

const deployment = (spec: object): object => ({ apiVersion: 'apps/v1', kind: 'Deployment', spec });

const podWith = (container: object): object => ({ spec: { containers: [{ name: 'a', ...container }] } });

describe('what is fine', () => {
  it('leaves out empty lists and maps, as if they had not been written', () => {
    const spec = {
      containers: [],
      tolerations: [],
      nodeSelector: {},
      affinity: {},
      volumes: [{ name: 'v', emptyDir: {} }],
    };
    const { object } = decode(pods, { metadata: { labels: {}, finalizers: [] }, spec });
    expect(object).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {},
      spec: { containers: [], affinity: {}, volumes: [{ name: 'v', emptyDir: {} }] },
    });
  });

  it('becomes a private canonical copy', () => {
    const body = Object.freeze({
      metadata: Object.freeze({ name: 'a', creationTimestamp: null, labels: { a: null } }),
      spec: {
        containers: [
          {
            name: 'c',
            resources: { limits: { cpu: 0.5, memory: '1.5Gi', 'example.com/tiny': '1u' }, requests: null },
            ports: [{ containerPort: 80 }],
            livenessProbe: { httpGet: { port: 'http' } },
          },
        ],
        volumes: [{ name: 'v', emptyDir: { sizeLimit: '1024Mi' } }],
      },
      status: null,
    });
    const { object, warnings } = decode(pods, body);
    expect(warnings).toEqual([]);
    expect(object).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', labels: { a: '' } },
      spec: {
        containers: [
          {
            name: 'c',
            resources: { limits: { cpu: '500m', memory: '1536Mi', 'example.com/tiny': '1m' } },
            ports: [{ containerPort: 80 }],
            livenessProbe: { httpGet: { port: 'http' } },
          },
        ],
        volumes: [{ name: 'v', emptyDir: { sizeLimit: '1024Mi' } }],
      },
    });
  });

  it('has its times in UTC, whole seconds or microseconds', () => {
    const metadata = { name: 'a', deletionTimestamp: '2026-01-01T01:00:00.999+02:00' };
    expect(decode(pods, { metadata }).object.metadata?.deletionTimestamp).toBe('2025-12-31T23:00:00Z');
    const spec = { renewTime: '2026-01-01T00:00:00.5Z' };
    expect(decode(leases, { spec }).object).toHaveProperty('spec.renewTime', '2026-01-01T00:00:00.500000Z');
  });

  it('keeps 64-bit numbers that Go can read back', () => {
    const { object } = decode(pods, { spec: { terminationGracePeriodSeconds: 2 ** 63 } });
    expect(JSON.stringify(object)).toContain('9223372036854775000');
  });

  it('may be a kind without a model: everything is kept, metadata is checked', () => {
    const { model: _, ...custom } = resourceType('example.com', 'v1', 'widgets', 'Widget');
    const body = { metadata: { name: 'a', extra: 1 }, spec: { any: [{ thing: null }] }, other: true };
    expect(decode(custom, body, 'Ignore').object).toEqual({
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'a' },
      spec: { any: [{ thing: null }] },
      other: true,
    });
    expect(() => decode(custom, body)).toThrow('unknown field "metadata.extra"');
    expect(() => decode(custom, { metadata: 'a' })).toThrow('json: cannot unmarshal string into Go struct field');
  });

  it('never becomes a prototype', () => {
    const body: unknown = JSON.parse('{"metadata":{"annotations":{"__proto__":"x"}},"__proto__":{"kind":"Evil"}}');
    const { object, warnings } = decode(pods, body, 'Warn');
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
    expect(Object.entries(object.metadata?.annotations ?? {})).toEqual([['__proto__', 'x']]);
    expect(warnings).toEqual(['unknown field "__proto__"']);
  });
});

describe('unknown and duplicate fields', () => {
  const body = {
    ...deployment({ replcas: 3, template: { spec: { containers: [{ nme: 'x' }, { imag: 'y' }] } } }),
    foo: 1,
  };

  it('are errors when strict', () => {
    expect(() => decode(deployments, body)).toThrow(
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replcas", unknown field "spec.template.spec.containers[0].nme", unknown field "spec.template.spec.containers[1].imag", unknown field "foo"',
    );
  });

  it('are warnings or nothing otherwise, and dropped', () => {
    const { object, warnings } = decode(deployments, body, 'Warn');
    expect(warnings).toContain('unknown field "spec.replcas"');
    expect(object).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { template: { spec: { containers: [{}, {}] } } },
    });
    expect(decode(deployments, body, 'Ignore').warnings).toEqual([]);
  });

  it('are found in the text', () => {
    const { value, duplicates } = parseJson('{"kind":"Pod","spec":{"nodeName":"a","nodeName":"b"}}');
    expect(() => decodeObject(pods, value, 'Strict', { duplicates })).toThrow(
      'Pod in version "v1" cannot be handled as a Pod: strict decoding error: duplicate field "spec.nodeName"',
    );
    expect(decodeObject(pods, value, 'Warn', { duplicates })).toEqual({
      object: { apiVersion: 'v1', kind: 'Pod', spec: { nodeName: 'b' } },
      warnings: ['duplicate field "spec.nodeName"'],
    });
  });

  it('are counted only so far', () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`x${index}`, 1]));
    expect(decode(pods, many, 'Warn').warnings).toHaveLength(100);
  });
});

describe('wrong types are errors in Go’s words', () => {
  const head = 'Pod in version "v1" cannot be handled as a Pod: ';
  it.each([
    [{ spec: 'x' }, 'json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec'],
    [
      { spec: { containers: {} } },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      { spec: { hostNetwork: 'yes' } },
      'json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool',
    ],
    [
      podWith({ image: 5 }),
      'json: cannot unmarshal number into Go struct field Container.spec.containers.image of type string',
    ],
    [
      podWith({ env: [{ name: 'A', value: true }] }),
      'json: cannot unmarshal bool into Go struct field EnvVar.spec.containers.env.value of type string',
    ],
    [
      podWith({ ports: [{ containerPort: 80.5 }] }),
      'json: cannot unmarshal number 80.5 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
    ],
    [
      podWith({ ports: [{ containerPort: 3e9 }] }),
      'json: cannot unmarshal number 3000000000 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
    ],
    [
      { metadata: { labels: { a: 1 } } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      { metadata: { labels: ['a'] } },
      'json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string',
    ],
    [{ metadata: { creationTimestamp: 5 } }, 'json: cannot unmarshal number into Go value of type string'],
    [{ metadata: { creationTimestamp: 'now' } }, 'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse it'],
    [
      podWith({ resources: { limits: { cpu: 'lots' } } }),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      podWith({ resources: { limits: { cpu: {} } } }),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      podWith({ livenessProbe: { httpGet: { port: 1.5 } } }),
      'json: cannot unmarshal number 1.5 into Go value of type int32',
    ],
  ])('%j', (body, message) => expect(() => decode(pods, body)).toThrow(`${head}${message}`));

  it('base64 too', () => {
    expect(() => decode(secrets, { data: { a: 'a!b=' } })).toThrow('illegal base64 data at input byte 1');
    expect(() => decode(secrets, { data: { a: 'abc' } })).toThrow('illegal base64 data at input byte 3');
    expect(decode(secrets, { data: { a: 'aGk=\n' } }).object).toHaveProperty('data.a', 'aGk=');
  });

  it('32 bits', () => {
    expect(() => decode(deployments, deployment({ replicas: '2' }))).toThrow(
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    );
  });

  it.each([null, 'x', 5, [], true])('a body of %j', (body) => {
    expect(() => decode(pods, body)).toThrow('the object provided is unrecognized (must be of type Pod)');
  });
});

describe('identity', () => {
  it('must be what the path says', () => {
    expect(() => decode(deployments, { apiVersion: 'v1' })).toThrow(
      'the API version in the data (v1) does not match the expected API version (apps/v1)',
    );
    expect(() => decode(pods, { kind: 'Service' })).toThrow('Service in version "v1" cannot be handled as a Pod');
    expect(() => decode(pods, { kind: 5 })).toThrow('json: cannot unmarshal number into Go struct field TypeMeta.kind');
    expect(decode(services, {}).object).toEqual({ apiVersion: 'v1', kind: 'Service' });
  });
});

describe('size', () => {
  it('of 3 MiB decodes quickly', () => {
    const env = Array.from({ length: 40_000 }, (_, index) => ({ name: `VARIABLE_${index}`, value: 'x'.repeat(40) }));
    const text = JSON.stringify(deployment({ template: { spec: { containers: [{ name: 'a', env }] } } }));
    expect(text.length).toBeGreaterThan(2_500_000);
    const { value, duplicates } = parseJson(text);
    expect(decodeObject(deployments, value, 'Strict', { duplicates }).warnings).toEqual([]);
  });

  it('in depth is bounded', () => {
    let node: unknown = 'x';
    for (let depth = 0; depth < 100_000; depth += 1) node = [node];
    const { model: _, ...custom } = resourceType('example.com', 'v1', 'widgets', 'Widget');
    expect(() => decode(custom, { spec: node })).toThrow(`exceeded max depth of ${depthMax}`);
    expect(() => decode(events, { series: node })).toThrow('cannot unmarshal array');
  });
});
