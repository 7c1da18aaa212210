/** Reads the API models of `@kubernetes/client-node`: names, JSON types, formats, descriptions, which fields are required. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The shape of one value in JSON. */
export type ModelType =
  | { readonly kind: 'string' | 'boolean' | 'any'; readonly format: string }
  | { readonly kind: 'number'; readonly format: string }
  | { readonly kind: 'intOrString' }
  | { readonly kind: 'ref'; readonly name: string }
  | { readonly kind: 'array' | 'map'; readonly items: ModelType };

export interface ModelField {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly type: ModelType;
}

export interface Model {
  readonly name: string;
  readonly description: string;
  readonly fields: readonly ModelField[];
}

interface Attribute {
  readonly name: string;
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

const unstable = /V\d+(alpha|beta)\d+/;
const ignored = new Set(['ObjectSerializer', 'all', 'VersionInfo']);

/** Every stable model, sorted by name. `clientNode` is the package's folder. */
export async function readModels(clientNode: string): Promise<Model[]> {
  const folder = join(clientNode, 'dist/gen/models');
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.d.ts'))
    .map((file) => file.slice(0, -'.d.ts'.length))
    .filter((name) => !ignored.has(name) && !unstable.test(name))
    .sort();
  const models: Model[] = [];
  for (const name of names) {
    const model = await readModel(folder, name);
    if (model) models.push(model);
  }
  return models;
}

async function readModel(folder: string, name: string): Promise<Model | undefined> {
  const loaded: unknown = await import(pathToFileURL(join(folder, `${name}.js`)).href);
  const attributes = attributesOf(loaded, name);
  if (!attributes) return undefined;
  const declaration = readFileSync(join(folder, `${name}.d.ts`), 'utf8');
  const body = declaration.slice(declaration.indexOf('export declare class'));
  return {
    name,
    description: commentBefore(declaration, declaration.indexOf('export declare class')),
    fields: attributes.map((attribute) => readField(attribute, body)),
  };
}

function attributesOf(module: unknown, name: string): Attribute[] | undefined {
  if (typeof module !== 'object' || module === null) return undefined;
  const model: unknown = Reflect.get(module, name);
  if (typeof model !== 'function') return undefined;
  const attributes: unknown = Reflect.get(model, 'attributeTypeMap');
  return Array.isArray(attributes) ? attributes : undefined;
}

function readField(attribute: Attribute, body: string): ModelField {
  const at = body.search(new RegExp(`'${attribute.name}'\\??: `));
  if (at < 0) throw new Error(`generate: field ${attribute.name} is not declared`);
  return {
    name: attribute.baseName,
    description: commentBefore(body, at),
    required: body.startsWith(`'${attribute.name}':`, at),
    type: parseType(attribute.type, attribute.format),
  };
}

function commentBefore(text: string, at: number): string {
  const before = text.slice(0, at).trimEnd();
  if (!before.endsWith('*/')) return '';
  const comment = before.slice(before.lastIndexOf('/**') + 3, -2);
  return comment
    .split('\n')
    .map((line) => line.trim().replace(/^\* ?/, ''))
    .join('\n')
    .trim()
    .replace(/\\(['"])/g, '$1');
}

function parseType(type: string, format: string): ModelType {
  const array = /^Array<(.+)>$/.exec(type)?.[1];
  if (array) return { kind: 'array', items: parseType(array, format) };
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  if (map) return { kind: 'map', items: parseType(map, format) };
  switch (type) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'any':
      return { kind: type, format };
    case 'Date':
    case 'V1MicroTime':
      return { kind: 'string', format: type === 'Date' ? 'date-time' : 'date-time-micro' };
    case 'IntOrString':
      return { kind: 'intOrString' };
    default:
      return { kind: 'ref', name: type };
  }
}
