import { describe, expect, it } from 'vitest';
import { deployments, nodes, pods } from '../kinds.ts';
import { resourceType } from '../resource-type.ts';
import { isJsonObject } from '../schema/record.ts';
import { allSchemas } from '../schema/schemas.ts';
import { definitionName, packageOf } from './definition-names.ts';
import { createOpenApiDocuments } from './documents.ts';
import type { OpenApiResource } from './resource.ts';

const verbs = ['create', 'get', 'list', 'watch', 'update', 'patch', 'delete', 'deletecollection'];
const { model: _, ...widgets } = resourceType('example.com', 'v1', 'widgets', 'Widget');
const resources: OpenApiResource[] = [
  {
    type: pods,
    verbs,
    subresources: [
      { name: 'status', style: 'status', verbs: ['get', 'update', 'patch'] },
      { name: 'exec', style: 'connect', verbs: ['get', 'create'] },
      { name: 'log', style: 'connect', verbs: ['get'] },
      {
        name: 'eviction',
        style: 'action',
        verbs: ['create'],
        body: { group: 'policy', version: 'v1', kind: 'Eviction' },
      },
    ],
  },
  { type: nodes, verbs: ['get', 'list'], subresources: [] },
  {
    type: deployments,
    verbs,
    subresources: [
      {
        name: 'scale',
        style: 'scale',
        verbs: ['get', 'update', 'patch'],
        body: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      },
    ],
  },
  { type: widgets, verbs, subresources: [], schema: { properties: { spec: { type: 'object' } } } },
];
const documents = createOpenApiDocuments(resources);

/** Reads `a/b/c` out of JSON; the keys of the documents contain slashes, hence the list. */
const at = (value: unknown, ...keys: string[]): unknown =>
  keys.reduce((one: unknown, key) => (isJsonObject(one) ? one[key] : undefined), value);

describe('names', () => {
  it.each([
    ['V1Pod', 'io.k8s.api.core.v1.Pod'],
    ['V1PodTemplateSpec', 'io.k8s.api.core.v1.PodTemplateSpec'],
    ['V1DeploymentSpec', 'io.k8s.api.apps.v1.DeploymentSpec'],
    ['V1ObjectMeta', 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'],
    ['CoreV1Event', 'io.k8s.api.core.v1.Event'],
    ['EventsV1Event', 'io.k8s.api.events.v1.Event'],
    ['V2MetricSpec', 'io.k8s.api.autoscaling.v2.MetricSpec'],
    ['V1Scale', 'io.k8s.api.autoscaling.v1.Scale'],
    ['RbacV1Subject', 'io.k8s.api.rbac.v1.Subject'],
    ['V1JSONSchemaProps', 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'],
  ])('%s → %s', (model, name) => expect(definitionName(model)).toBe(name));

  it('are there for every model, and only once but for two', () => {
    const names = Object.keys(allSchemas()).map(definitionName);
    expect(new Set(names).size).toBeGreaterThanOrEqual(names.length - 2);
    expect(packageOf('stable.example.com', 'v1')).toBe('com.example.stable.v1');
  });
});

describe('every reference leads somewhere', () => {
  it('in v2', () => {
    const document = documents.v2();
    for (const name of referencesOf(document, '#/definitions/'))
      expect(at(document, 'definitions', name), name).toBeDefined();
  });

  it.each(['api/v1', 'apis/apps/v1', 'apis/example.com/v1'])('in v3 of %s', (path) => {
    const document = documents.v3(path);
    const references = referencesOf(document, '#/components/schemas/');
    expect(references.size).toBeGreaterThan(3);
    for (const name of references) expect(at(document, 'components', 'schemas', name), name).toBeDefined();
  });
});

function referencesOf(document: unknown, prefix: string): Set<string> {
  const found = JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g);
  return new Set(
    [...found].map(([, target = '']) => (target.startsWith(prefix) ? target.slice(prefix.length) : target)),
  );
}

describe('paths', () => {
  const document = documents.v2();
  const path = '/api/v1/namespaces/{namespace}/pods';
  it('are those of the verbs and subresources', () => {
    expect(Object.keys(Object(at(document, 'paths')))).toEqual([
      '/api/v1/namespaces/{namespace}/pods',
      '/api/v1/namespaces/{namespace}/pods/{name}',
      '/api/v1/namespaces/{namespace}/pods/{name}/eviction',
      '/api/v1/namespaces/{namespace}/pods/{name}/exec',
      '/api/v1/namespaces/{namespace}/pods/{name}/log',
      '/api/v1/namespaces/{namespace}/pods/{name}/status',
      '/api/v1/nodes',
      '/api/v1/nodes/{name}',
      '/api/v1/pods',
      '/apis/apps/v1/deployments',
      '/apis/apps/v1/namespaces/{namespace}/deployments',
      '/apis/apps/v1/namespaces/{namespace}/deployments/{name}',
      '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale',
      '/apis/example.com/v1/namespaces/{namespace}/widgets',
      '/apis/example.com/v1/namespaces/{namespace}/widgets/{name}',
      '/apis/example.com/v1/widgets',
    ]);
    expect(Object.keys(Object(at(document, 'paths', '/api/v1/nodes')))).toEqual(['get', 'parameters']);
  });

  it('say what clients look for', () => {
    const patch = at(document, 'paths', `${path}/{name}`, 'patch');
    expect(patch).toMatchObject({
      operationId: 'patchCoreV1NamespacedPod',
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': { group: '', version: 'v1', kind: 'Pod' },
    });
    expect(JSON.stringify(at(patch, 'parameters'))).toMatch(/"dryRun".*"fieldManager".*"fieldValidation"/);
    expect(at(document, 'paths', `${path}/{name}/eviction`, 'post', 'x-kubernetes-group-version-kind')).toEqual({
      group: 'policy',
      version: 'v1',
      kind: 'Eviction',
    });
    expect(at(document, 'paths', `${path}/{name}/exec`, 'post')).toMatchObject({
      operationId: 'connectCoreV1PostNamespacedPodExec',
      'x-kubernetes-action': 'connect',
    });
  });
});

describe('definitions', () => {
  it('carry types, merge keys and kinds', () => {
    const definitions = at(documents.v2(), 'definitions');
    expect(at(definitions, 'io.k8s.api.core.v1.PodSpec', 'properties', 'containers')).toMatchObject({
      type: 'array',
      items: { $ref: '#/definitions/io.k8s.api.core.v1.Container' },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    });
    expect(
      at(definitions, 'io.k8s.api.core.v1.ResourceRequirements', 'properties', 'limits', 'additionalProperties'),
    ).toEqual({
      $ref: '#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity',
    });
    expect(at(definitions, 'io.k8s.api.core.v1.Pod', 'x-kubernetes-group-version-kind')).toEqual([
      { group: '', version: 'v1', kind: 'Pod' },
    ]);
    expect(at(definitions, 'com.example.v1.Widget', 'properties', 'metadata')).toEqual({
      $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
    });
  });

  it('of v3 wrap references that are described', () => {
    const schemas = at(documents.v3('apis/apps/v1'), 'components', 'schemas');
    expect(at(schemas, 'io.k8s.api.apps.v1.DeploymentSpec', 'properties', 'strategy')).toEqual({
      'x-kubernetes-patch-strategy': 'retainKeys',
      allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy' }],
    });
  });

  it('stand in v3 only where their group is', () => {
    expect(documents.v3Paths()).toEqual(['api/v1', 'apis/apps/v1', 'apis/example.com/v1']);
    expect(at(documents.v3('api/v1'), 'components', 'schemas', 'io.k8s.api.apps.v1.Deployment')).toBeUndefined();
    expect(documents.v3('apis/nothing/v1')).toBeUndefined();
  });
});
