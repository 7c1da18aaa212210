import { describe, expect, it } from 'vitest';
import { explainPull } from './explain-pull.ts';
import { choosePlatform } from './manifests.ts';
import { completeName } from './reference.ts';

const of = (platform: string) => {
  const [os = '', architecture = '', variant] = platform.split('/');
  return { platform: { os, architecture, variant } };
};

describe('the platform of a node', () => {
  it.each([
    ['amd64', ['linux/arm64', 'linux/amd64', 'windows/amd64'], 'amd64'],
    ['arm', ['linux/arm/v6', 'linux/arm/v7', 'linux/arm/v5'], 'v7'],
    ['arm64', ['linux/arm64/v8'], 'v8'],
    ['s390x', ['linux/amd64'], undefined],
    ['amd64', ['unknown/unknown'], undefined],
  ])('%s of %j is %s', (architecture, platforms, expected) => {
    const chosen = choosePlatform(platforms.map(of), architecture)?.platform;
    expect(chosen?.variant ?? chosen?.architecture).toBe(expected);
  });

  it('is anything where nothing is said and there is no choice', () => {
    const only = { platform: undefined };
    expect(choosePlatform([only], 'amd64')).toBe(only);
    expect(choosePlatform([only, only], 'amd64')).toBeUndefined();
  });
});

it.each([
  ['busybox', 'docker.io/library/busybox:latest'],
  ['busybox:1', 'docker.io/library/busybox:1'],
  ['team/web', 'docker.io/team/web:latest'],
  ['registry.example:5000/web:1', 'registry.example:5000/web:1'],
  [`web:1@sha256:${'a'.repeat(64)}`, `docker.io/library/web@sha256:${'a'.repeat(64)}`],
  ['Web', undefined],
])('the complete name of %s is %s', (name, complete) => {
  expect(completeName(name)).toBe(complete);
});

it.each([
  ['x509: certificate signed by unknown authority', 'configs."r.io".tls.ca in the Secret kube-system/berth-registries'],
  ['failed with status code [manifests 1]: 401 Unauthorized', 'r.io refuses the credentials'],
  ['dial tcp: lookup r.io: no such host', 'the name r.io cannot be resolved'],
  ['http: server gave HTTP response to HTTPS client', 'name http://r.io under mirrors."r.io".endpoint'],
])('a failed pull is explained: %s', (message, meaning) => {
  expect(explainPull('r.io/web:1', message)).toContain(message);
  expect(explainPull('r.io/web:1', message)).toContain(meaning);
});

it('what is not known is left as the runtime says it', () => {
  expect(explainPull('r.io/web:1', 'who knows')).toBe('who knows');
});
