import { describe, expect, it } from 'vitest';
import { defaultPullPolicy, parseImageName } from './reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('parseImageName', () => {
  it.each([
    ['nginx', 'docker.io', 'library/nginx', undefined],
    ['nginx:1.27', 'docker.io', 'library/nginx', '1.27'],
    ['grafana/grafana', 'docker.io', 'grafana/grafana', undefined],
    ['localhost:5000/a/b:c', 'localhost:5000', 'a/b', 'c'],
    ['berth.local/hello:1', 'berth.local', 'hello', '1'],
    ['index.docker.io/library/x', 'docker.io', 'library/x', undefined],
    ['[::1]:5000/x', '[::1]:5000', 'x', undefined],
  ])('%s', (name, registry, repository, tag) => {
    expect(parseImageName(name)).toMatchObject({ registry, repository, tag });
  });

  it('takes tag and digest together', () => {
    expect(parseImageName(`a.b/c:d@${digest}`)).toMatchObject({ tag: 'd', digest });
  });

  it.each(['', ' ', 'UPPER', 'a b', 'a:', 'a@sha256:123', '/a', 'a//b', 'a.b/', '-a', 'a..b', `${'a/'.repeat(600)}a`])(
    'refuses %j',
    (name) => {
      expect(parseImageName(name)).toBeUndefined();
    },
  );
});

describe('defaultPullPolicy', () => {
  it.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1', 'IfNotPresent'],
    [`nginx@${digest}`, 'IfNotPresent'],
  ])('%s: %s', (name, policy) => expect(defaultPullPolicy(name)).toBe(policy));
});
