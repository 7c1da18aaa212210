import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StatusError } from '#api/status-error.ts';
import { parseRoute, parseTarget } from './route.ts';

describe('parseRoute', () => {
  test.each([
    ['/api/v1/pods', { resource: 'pods', group: '', version: 'v1' }],
    ['/api/v1/pods/', { resource: 'pods' }],
    ['/api/v1/namespaces/a/pods', { namespace: 'a', resource: 'pods' }],
    ['/api/v1/namespaces/a/pods/b', { namespace: 'a', resource: 'pods', name: 'b' }],
    ['/api/v1/namespaces/a/pods/b/log', { namespace: 'a', resource: 'pods', name: 'b', subresource: 'log' }],
    ['/api/v1/namespaces/a', { namespace: undefined, resource: 'namespaces', name: 'a' }],
    [
      '/api/v1/namespaces/a/finalize',
      { namespace: undefined, resource: 'namespaces', name: 'a', subresource: 'finalize' },
    ],
    ['/apis/apps/v1/deployments', { group: 'apps', version: 'v1', resource: 'deployments' }],
    [
      '/apis/apps/v1/namespaces/a/deployments/b/scale',
      { group: 'apps', namespace: 'a', name: 'b', subresource: 'scale' },
    ],
    ['/api/v1/watch/pods', { resource: 'pods', legacyWatch: true }],
    ['/api/v1/watch/namespaces/a/pods/b', { resource: 'pods', namespace: 'a', name: 'b', legacyWatch: true }],
    ['/api/v1/nodes/n/proxy/a%2Fb/c', { resource: 'nodes', name: 'n', subresource: 'proxy', proxyPath: '/a%2Fb/c' }],
    ['/api/v1/namespaces/a/pods/b/log/x', { tooLong: true }],
    ['/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aadmin', { name: 'system:admin' }],
  ])('%s', (path, expected) => {
    expect(parseRoute(path)).toMatchObject({ kind: 'resource', ...expected });
  });

  test.each([
    '/',
    '/api',
    '/api/v1',
    '/apis',
    '/apis/apps',
    '/apis/apps/v1',
    '/version',
    '/foo/bar',
    '/api//v1/pods',
    '/api/v1/pods//x',
    '/api/v1/pods/a%2Fb',
  ])('%s names no resource', (path) => {
    expect(parseRoute(path)).toEqual({ kind: 'path', path });
  });

  test('broken escapes are a bad request', () => {
    expect(() => parseRoute('/api/v1/pods/%zz')).toThrow(StatusError);
  });

  test('never throws anything but a StatusError', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          parseRoute(parseTarget(`/api/v1/${text}`).path);
        } catch (error) {
          expect(error).toBeInstanceOf(StatusError);
        }
      }),
    );
  });
});

test('parseTarget drops the host of the absolute form and keeps the query undecoded', () => {
  expect(parseTarget('https://example.org:1/a?b=%20')).toMatchObject({ path: '/a', rawQuery: 'b=%20' });
  expect(parseTarget('*').path).toBe('*');
});
