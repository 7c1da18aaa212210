import { describe, expect, it } from 'vitest';
import { builtInDefinitions } from './all.ts';
import { defineResource } from './define.ts';

describe('builtInDefinitions', () => {
  const definitions = builtInDefinitions();
  const find = (group: string, resource: string) =>
    definitions.find((one) => one.type.group === group && one.type.resource === resource);

  it('declares every kind once', () => {
    const names = definitions.map(({ type }) => `${type.group}/${type.version}/${type.resource}`);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(68);
  });

  it('gives every stored kind a place of its own, views aside', () => {
    const paths = definitions.filter((one) => !one.viewOf && one.verbs.includes('list')).map((one) => one.storagePath);
    expect(new Set(paths).size).toBe(paths.length);
  });

  it.each([
    ['', 'pods', 'pods'],
    ['', 'nodes', 'minions'],
    ['', 'services', 'services/specs'],
    ['', 'endpoints', 'services/endpoints'],
    ['', 'replicationcontrollers', 'controllers'],
    ['networking.k8s.io', 'ingresses', 'ingress'],
    ['coordination.k8s.io', 'leases', 'leases'],
    ['apiextensions.k8s.io', 'customresourcedefinitions', 'apiextensions.k8s.io/customresourcedefinitions'],
    ['apiregistration.k8s.io', 'apiservices', 'apiregistration.k8s.io/apiservices'],
    ['rbac.authorization.k8s.io', 'roles', 'roles'],
  ])('stores %s/%s under %s, as kube-apiserver does', (group, resource, path) => {
    expect(find(group, resource)?.storagePath).toBe(path);
  });

  it('points every view at a definition that stores', () => {
    for (const view of definitions.flatMap((one) => one.viewOf ?? [])) {
      const hub = find(view.hub.group, view.hub.resource);
      expect(
        definitions.some(({ type }) => type.version === view.hub.version && type.resource === view.hub.resource),
      ).toBe(true);
      expect(hub).toBeDefined();
    }
  });
});

describe('defineResource', () => {
  const type = {
    group: 'x.io',
    version: 'v1',
    resource: 'xs',
    singular: 'x',
    kind: 'X',
    namespaced: true,
    shortNames: [],
    categories: [],
    model: 'V1X',
  };

  it('fills in what is left out', () => {
    expect(defineResource({ type })).toMatchObject({ storagePath: 'xs', subresources: [], strategy: {} });
  });

  it.each([
    [{ type: { ...type, kind: '' } }, 'lacks a name'],
    [{ type: { ...type, model: '' } }, 'names no schema'],
    [{ type, verbs: [] }, 'no verbs'],
    [{ type, storagePath: '/xs' }, 'not relative'],
    [{ type, columns: [] }, 'no column Name'],
    [{ type, ttlSeconds: 0 }, 'not positive'],
    [{ type, strategy: { validateStatus: () => [] } }, 'status it has not'],
    [
      { type, subresources: [{ name: 'scale', style: 'scale' as const, verbs: ['get'] }] },
      'names no kind for its body',
    ],
    [{ type, subresources: [{ name: 'log', style: 'connect' as const, verbs: [] }] }, 'has no verbs'],
  ])('refuses an incomplete definition by name (%#)', (options, words) => {
    expect(() => defineResource(options)).toThrow(/x\.io\/v1\/xs is not well defined/);
    expect(() => defineResource(options)).toThrow(words);
  });
});
