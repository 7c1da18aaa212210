/** The OpenAPI v2 (Swagger) document of all resources, as /openapi/v2 serves it. */

import { customDefinitions, modelsOfCustom } from './custom.ts';
import { collectDefinitions, reference } from './definitions.ts';
import { kindsByModel } from './models.ts';
import { type Operation, type PathItem, pathsOf } from './operations.ts';
import { type Parameter, pretty } from './parameters.ts';
import { namedBodies, type OpenApiResource } from './resource.ts';
import { patchDefinition, sharedDefinitions } from './shared-definitions.ts';

const mediaTypes = ['application/json', 'application/yaml'];
export const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];

export function createOpenApiV2(given: readonly OpenApiResource[]): object {
  const resources = given.map(namedBodies);
  const kinds = kindsByModel(resources);
  const paths = resources.flatMap(pathsOf).toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths: Object.fromEntries(paths.map((item) => [item.path, pathItem(item)])),
    definitions: {
      ...collectDefinitions([...kinds.keys(), ...modelsOfCustom(resources)], kinds, 'v2'),
      ...customDefinitions(resources, 'v2'),
      [patchDefinition]: sharedDefinitions[patchDefinition],
    },
    securityDefinitions: {
      BearerToken: {
        description: 'Bearer Token authentication',
        type: 'apiKey',
        name: 'authorization',
        in: 'header',
      },
    },
    security: [{ BearerToken: [] }],
  };
}

const pathItem = (item: PathItem): object => ({
  ...Object.fromEntries(item.operations.map((one) => [one.method, operation(one, item.tag)])),
  parameters: [...item.parameters, pretty].map(parameter),
});

const parameter = ({ name, in: place, type, description }: Parameter): object => ({
  uniqueItems: true,
  type,
  description,
  name,
  in: place,
  ...(place === 'path' && { required: true }),
});

function operation(one: Operation, tag: string): object {
  const body = one.body && {
    name: 'body',
    in: 'body',
    ...(one.method !== 'delete' && { required: true }),
    schema: reference(one.body, 'v2'),
  };
  const schema = one.response ? reference(one.response, 'v2') : { type: 'string' };
  return {
    description: one.description,
    consumes: one.method === 'patch' && one.body ? patchTypes : ['*/*'],
    produces: one.response ? [...mediaTypes, ...(one.streams ? ['application/json;stream=watch'] : [])] : ['*/*'],
    schemes: ['https'],
    tags: [tag],
    operationId: one.id,
    parameters: [...(body ? [body] : []), ...one.parameters.map(parameter)],
    responses: {
      ...Object.fromEntries(one.successes.map((code) => [code, { description: successText(code), schema }])),
      '401': { description: 'Unauthorized' },
    },
    'x-kubernetes-action': one.action,
    'x-kubernetes-group-version-kind': one.kind,
  };
}

export const successText = (code: number): string => (code === 201 ? 'Created' : code === 202 ? 'Accepted' : 'OK');
