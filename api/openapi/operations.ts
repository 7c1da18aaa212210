/** Every path and operation of a list of resources, before it is written in one of the two dialects. */
import { definitionName, packageOf } from './definition-names.ts';
import {
  connectParameters,
  createParameters,
  deleteCollectionParameters,
  deleteParameters,
  listParameters,
  nameParameter,
  namespaceParameter,
  type Parameter,
  patchParameters,
} from './parameters.ts';
import type { GroupVersionKind, OpenApiResource, OpenApiSubresource } from './resource.ts';
import { patchDefinition } from './shared-definitions.ts';

export type Method = 'get' | 'put' | 'post' | 'patch' | 'delete' | 'head' | 'options';

export interface Operation {
  readonly method: Method;
  /** x-kubernetes-action. */
  readonly action: string;
  readonly id: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  /** Definition names; absent: no body, or text instead of an object. */
  readonly body?: string | undefined;
  readonly response?: string | undefined;
  readonly successes: readonly number[];
  readonly streams: boolean;
  readonly kind: GroupVersionKind;
}

export interface PathItem {
  readonly path: string;
  /** `api/v1`, `apis/apps/v1`. */
  readonly groupVersion: string;
  readonly tag: string;
  readonly parameters: readonly Parameter[];
  readonly operations: readonly Operation[];
}

const statusDefinition = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status';
const deleteOptionsDefinition = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';

export const groupVersionPath = (group: string, version: string): string =>
  group ? `apis/${group}/${version}` : `api/${version}`;

/** Also of kinds made at run time, whose definitions are named after their reversed group. */
export const definitionOf = ({ group, version, kind, model }: GroupVersionKind & { model?: string | undefined }) =>
  model === undefined ? `${packageOf(group, version)}.${kind}` : definitionName(model);

export const pathsOf = (resource: OpenApiResource): PathItem[] =>
  [collectionPath(resource), allNamespacesPath(resource), ...objectPaths(resource)]
    .filter((item) => item !== undefined && item.operations.length > 0)
    .flatMap((item) => item ?? []);

function collectionPath(resource: OpenApiResource): PathItem {
  const { type, verbs } = resource;
  const [scope, id] = [type.namespaced ? 'Namespaced' : '', idParts(resource)];
  const operations = [
    ...(verbs.includes('list') ? [listOperation(resource, `list${id}${scope}${type.kind}`)] : []),
    ...(verbs.includes('create') ? [createOperation(resource, `create${id}${scope}${type.kind}`)] : []),
    ...(verbs.includes('deletecollection')
      ? [
          operation(resource, 'delete', 'deletecollection', `delete${id}Collection${scope}${type.kind}`, {
            description: `delete collection of ${type.kind}`,
            parameters: deleteCollectionParameters,
            body: deleteOptionsDefinition,
            response: statusDefinition,
          }),
        ]
      : []),
  ];
  return item(resource, type.namespaced ? `namespaces/{namespace}/${type.resource}` : type.resource, operations);
}

function allNamespacesPath(resource: OpenApiResource): PathItem | undefined {
  const { type, verbs } = resource;
  if (!type.namespaced || !verbs.includes('list')) return undefined;
  const list = listOperation(resource, `list${idParts(resource)}${type.kind}ForAllNamespaces`);
  return { ...item(resource, type.resource, [list]), parameters: [] };
}

function objectPaths(resource: OpenApiResource): PathItem[] {
  const { type, verbs } = resource;
  const base = `${type.namespaced ? 'namespaces/{namespace}/' : ''}${type.resource}/{name}`;
  const id = `${idParts(resource)}${type.namespaced ? 'Namespaced' : ''}${type.kind}`;
  const operations = [
    ...objectOperations(resource, verbs, id, definitionOf(type), type),
    ...(verbs.includes('delete')
      ? [
          operation(resource, 'delete', 'delete', `delete${id}`, {
            description: `delete a ${type.kind}`,
            parameters: deleteParameters,
            body: deleteOptionsDefinition,
            response: statusDefinition,
            successes: [200, 202],
          }),
        ]
      : []),
  ];
  return [
    item(resource, base, operations, true),
    ...resource.subresources.map((sub) =>
      item(resource, `${base}/${sub.name}`, subresourceOperations(resource, sub, id), true),
    ),
  ];
}

function subresourceOperations(resource: OpenApiResource, sub: OpenApiSubresource, id: string): Operation[] {
  const kind: GroupVersionKind & { model?: string | undefined } = sub.body ?? resource.type;
  const name = `${id}${capital(sub.name)}`;
  if (sub.style === 'connect') return connectOperations(resource, sub, id);
  if (sub.style !== 'action') return objectOperations(resource, sub.verbs, name, definitionOf(kind), kind, sub.name);
  const body = definitionOf(kind);
  return [
    operation(resource, 'post', 'post', `create${name}`, {
      description: `create ${sub.name} of a ${resource.type.kind}`,
      parameters: createParameters,
      body,
      response: body,
      successes: [200, 201, 202],
      kind,
    }),
  ];
}

/** How the options of a connection are called: `PodExecOptions`. */
const optionNames: Readonly<Record<string, string>> = {
  attach: 'Attach',
  exec: 'Exec',
  portforward: 'PortForward',
  proxy: 'Proxy',
};

const connectMethods: Readonly<Record<string, Method>> = {
  get: 'get',
  create: 'post',
  update: 'put',
  patch: 'patch',
  delete: 'delete',
};

function connectOperations(resource: OpenApiResource, sub: OpenApiSubresource, id: string): Operation[] {
  const parameters = connectParameters[`${resource.type.resource}/${sub.name}`] ?? [];
  return sub.verbs.flatMap((verb) => {
    const method = connectMethods[verb];
    if (!method) return [];
    const isLog = sub.name === 'log';
    const prefix = idParts(resource);
    const name = `${capital(method)}${id.slice(prefix.length)}${capital(sub.name)}`;
    const options = optionNames[sub.name];
    const kind = options ? `${resource.type.kind}${options}Options` : resource.type.kind;
    return [
      operation(resource, method, isLog ? 'get' : 'connect', isLog ? `read${id}Log` : `connect${prefix}${name}`, {
        description: isLog
          ? `read log of the specified ${resource.type.kind}`
          : `connect ${verb} requests to ${sub.name} of ${resource.type.kind}`,
        parameters,
        kind: { ...resource.type, kind },
      }),
    ];
  });
}

function objectOperations(
  resource: OpenApiResource,
  verbs: readonly string[],
  id: string,
  definition: string,
  kind: GroupVersionKind,
  part?: string,
): Operation[] {
  const what = `${part ? `${part} of the` : 'the'} specified ${resource.type.kind}`;
  const written = { response: definition, successes: [200, 201], kind };
  return [
    ...(verbs.includes('get')
      ? [operation(resource, 'get', 'get', `read${id}`, { description: `read ${what}`, response: definition, kind })]
      : []),
    ...(verbs.includes('update')
      ? [
          operation(resource, 'put', 'put', `replace${id}`, {
            ...written,
            description: `replace ${what}`,
            parameters: createParameters,
            body: definition,
          }),
        ]
      : []),
    ...(verbs.includes('patch')
      ? [
          operation(resource, 'patch', 'patch', `patch${id}`, {
            ...written,
            description: `partially update ${what}`,
            parameters: patchParameters,
            body: patchDefinition,
          }),
        ]
      : []),
  ];
}

const listOperation = (resource: OpenApiResource, id: string): Operation =>
  operation(resource, 'get', 'list', id, {
    description: `list or watch objects of kind ${resource.type.kind}`,
    parameters: listParameters,
    response: listDefinitionOf(resource),
    streams: true,
  });

export const listDefinitionOf = ({ type }: OpenApiResource): string => `${definitionOf(type)}List`;

function createOperation(resource: OpenApiResource, id: string): Operation {
  const definition = definitionOf(resource.type);
  return operation(resource, 'post', 'post', id, {
    description: `create a ${resource.type.kind}`,
    parameters: createParameters,
    body: definition,
    response: definition,
    successes: [200, 201, 202],
  });
}

function operation(
  { type }: OpenApiResource,
  method: Method,
  action: string,
  id: string,
  rest: Partial<Operation> & { readonly description: string },
): Operation {
  const { group, version, kind } = rest.kind ?? type;
  return {
    method,
    action,
    id,
    parameters: [],
    successes: [200],
    streams: false,
    ...rest,
    kind: { group, version, kind },
  };
}

function item(resource: OpenApiResource, path: string, operations: readonly Operation[], named = false): PathItem {
  const { group, version, namespaced, kind } = resource.type;
  const groupVersion = groupVersionPath(group, version);
  const groupId = groupIdOf(group);
  return {
    path: `/${groupVersion}/${path}`,
    groupVersion,
    tag: `${groupId.charAt(0).toLowerCase()}${groupId.slice(1)}_${version}`,
    parameters: [...(named ? [nameParameter(kind)] : []), ...(namespaced ? [namespaceParameter] : [])],
    operations,
  };
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const groupIdOf = (group: string): string =>
  group
    ? group
        .replace(/\.k8s\.io$/, '')
        .split('.')
        .map(capital)
        .join('')
    : 'Core';

const idParts = ({ type }: OpenApiResource): string => `${groupIdOf(type.group)}${capital(type.version)}`;
