/** The OpenAPI v3 documents, one per group and version, as /openapi/v3/apis/<group>/<version> serves them. */
import { customDefinitions, modelsOfCustom } from './custom.ts';
import { collectDefinitions, reference } from './definitions.ts';
import { kindsByModel } from './models.ts';
import { groupVersionPath, type Operation, type PathItem, pathsOf } from './operations.ts';
import { type Parameter, pretty } from './parameters.ts';
import { namedBodies, type OpenApiResource } from './resource.ts';
import { patchDefinition, sharedDefinitions } from './shared-definitions.ts';
import { patchTypes, successText } from './v2.ts';

/** `api/v1`, `apis/apps/v1` …, sorted. */
export const openApiV3Paths = (resources: readonly OpenApiResource[]): string[] =>
  [...new Set(resources.map(({ type }) => groupVersionPath(type.group, type.version)))].sort();

/** Undefined when no resource is of that group and version. */
export function createOpenApiV3(given: readonly OpenApiResource[], groupVersion: string): object | undefined {
  const all = given.map(namedBodies);
  const resources = all.filter(({ type }) => groupVersionPath(type.group, type.version) === groupVersion);
  if (resources.length === 0) return undefined;
  const models = [...kindsByModel(resources).keys(), ...modelsOfCustom(resources)];
  const paths = resources.flatMap(pathsOf).toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths: Object.fromEntries(paths.map((item) => [item.path, pathItem(item)])),
    components: {
      schemas: {
        ...collectDefinitions(models, kindsByModel(all), 'v3'),
        ...customDefinitions(resources, 'v3'),
        [patchDefinition]: sharedDefinitions[patchDefinition],
      },
      securitySchemes: {
        BearerToken: {
          type: 'apiKey',
          description: 'Bearer Token authentication',
          name: 'authorization',
          in: 'header',
        },
      },
    },
  };
}

const pathItem = (item: PathItem): object => ({
  ...Object.fromEntries(item.operations.map((one) => [one.method, operation(one, item.tag)])),
  parameters: [...item.parameters, pretty].map(parameter),
});

const parameter = ({ name, in: place, type, description }: Parameter): object => ({
  name,
  in: place,
  description,
  ...(place === 'path' && { required: true }),
  schema: { type, uniqueItems: true },
});

function operation(one: Operation, tag: string): object {
  const types = one.response
    ? ['application/json', 'application/yaml', ...(one.streams ? ['application/json;stream=watch'] : [])]
    : ['*/*'];
  const schema = one.response ? reference(one.response, 'v3') : { type: 'string' };
  const bodyTypes = one.method === 'patch' ? patchTypes : ['*/*'];
  return {
    tags: [tag],
    description: one.description,
    operationId: one.id,
    ...(one.parameters.length > 0 && { parameters: one.parameters.map(parameter) }),
    ...(one.body && {
      requestBody: {
        ...(one.method !== 'delete' && { required: true }),
        content: contentOf(bodyTypes, reference(one.body, 'v3')),
      },
    }),
    responses: {
      ...Object.fromEntries(
        one.successes.map((code) => [code, { description: successText(code), content: contentOf(types, schema) }]),
      ),
      '401': { description: 'Unauthorized' },
    },
    'x-kubernetes-action': one.action,
    'x-kubernetes-group-version-kind': one.kind,
  };
}

const contentOf = (types: readonly string[], schema: object): object =>
  Object.fromEntries(types.map((type) => [type, { schema }]));
