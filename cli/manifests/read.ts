import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { KubeObject } from '#api/meta.ts';
import { parseYamlDocuments } from '#api/schema/yaml.ts';
import { StatusError } from '#api/status-error.ts';
import { type CliContext, CliError } from '../command.ts';

/** One object of a manifest and where it came from, for messages. */
export interface ManifestObject {
  readonly object: KubeObject;
  readonly source: string;
}

/** Above this a manifest is a mistake: the server takes 3 MiB per object. */
const inputBytesMax = 64 * 1024 * 1024;

/**
 * The objects of files, folders (their .yaml, .yml and .json files, in order of name) and `-` (standard input), lists
 * taken apart. Throws a CliError that names the file, the line and the column.
 */
export async function readManifests(
  paths: readonly string[],
  context: Pick<CliContext, 'stdin' | 'cwd'>,
  options: { readonly recursive?: boolean | undefined } = {},
): Promise<ManifestObject[]> {
  const found: ManifestObject[] = [];
  for (const path of paths) {
    if (path === '-') found.push(...parseManifest(await readAll(context.stdin), 'STDIN'));
    else
      for (const file of filesAt(resolve(context.cwd, path), path, options.recursive ?? false)) {
        found.push(...parseManifest(readFileSync(file, 'utf8'), file));
      }
  }
  if (found.length === 0) throw new CliError(`no objects found in ${paths.join(', ')}`);
  return found;
}

function filesAt(path: string, given: string, recursive: boolean): string[] {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(path);
  } catch (cause) {
    if (/^https?:/.test(given))
      throw new CliError(`${given}: manifests are not fetched from the network`, {
        fix: 'Save it to a file and read it first',
        cause,
      });
    throw new CliError(`the path ${JSON.stringify(given)} does not exist`, { cause });
  }
  if (!stat.isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const full = join(path, entry.name);
      if (entry.isDirectory()) return recursive ? filesAt(full, full, true) : [];
      return /\.(ya?ml|json)$/.test(entry.name) ? [full] : [];
    });
}

export function parseManifest(text: string, source: string): ManifestObject[] {
  let documents: readonly unknown[];
  try {
    documents = parseYamlDocuments(text);
  } catch (error) {
    if (error instanceof StatusError) throw new CliError(`error parsing ${source}: ${error.message}`, { cause: error });
    throw error;
  }
  return documents.flatMap((document) => expand(document, source)).map((object) => ({ object, source }));
}

function expand(document: unknown, source: string): KubeObject[] {
  if (!isKubeObject(document)) throw new CliError(`${source}: a document is not an object with apiVersion and kind`);
  for (const field of ['apiVersion', 'kind'] as const) {
    if (!document[field])
      throw new CliError(`${source}: Object '${field}' is missing`, {
        fix: 'Every document needs apiVersion and kind',
      });
  }
  const items: unknown = Reflect.get(document, 'items');
  if (!document.kind?.endsWith('List') || !Array.isArray(items)) return [document];
  return items.flatMap((item: unknown) => expand(item, source));
}

const isKubeObject = (value: unknown): value is KubeObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > inputBytesMax) throw new CliError(`standard input is larger than ${inputBytesMax} bytes`);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
