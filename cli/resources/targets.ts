import type { ResourceType } from '#api/resource-type.ts';
import { CliError } from '../command.ts';
import type { ResourceMapper } from './mapping.ts';

/** What the words after a verb point at: one kind as a whole, or some of its objects by name. */
export interface Target {
  readonly type: ResourceType;
  /** Undefined: all of them (or those that a selector picks). */
  readonly name: string | undefined;
}

/**
 * `pods`, `pods web-1 web-2`, `pods,services`, `pod/web-1 deploy/web`, `all`.
 * Throws a CliError with kubectl's words when the forms are mixed.
 */
export async function parseTargets(words: readonly string[], mapper: ResourceMapper): Promise<Target[]> {
  if (words.length === 0) {
    throw new CliError('you must specify the type of resource', {
      exitCode: 2,
      fix: 'For example: pods, deployment/web, or -f FILE. See what there is with: berth api-resources',
    });
  }
  if (words.some((word) => word.includes('/'))) return parseSlashed(words, mapper);
  const [typesWord = '', ...names] = words;
  const types = await parseTypes(typesWord, mapper);
  if (names.length === 0) return types.map((type) => ({ type, name: undefined }));
  return types.flatMap((type) => names.map((name) => ({ type, name })));
}

async function parseSlashed(words: readonly string[], mapper: ResourceMapper): Promise<Target[]> {
  const targets: Target[] = [];
  for (const word of words) {
    const [typeName = '', name = '', ...rest] = word.split('/');
    if (!typeName || !name || rest.length > 0) {
      throw new CliError(
        `there is no need to specify a resource type as a separate argument when passing arguments in resource/name form; ${JSON.stringify(word)} is not of that form`,
        { exitCode: 2, fix: 'Write berth get pod/web-1 deployment/web, or berth get pods web-1' },
      );
    }
    targets.push({ type: await mapper.resolve(typeName), name });
  }
  return targets;
}

async function parseTypes(word: string, mapper: ResourceMapper): Promise<ResourceType[]> {
  const types: ResourceType[] = [];
  for (const name of word.split(',').filter(Boolean)) {
    const category = await mapper.inCategory(name);
    types.push(...(category.length > 0 ? category : [await mapper.resolve(name)]));
  }
  return types;
}
