import * as kinds from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import { apiVersionOf, type ResourceType } from '#api/resource-type.ts';
import { CliError } from '../command.ts';

/** Turns what people type (`po`, `deploy`, `deployments.apps`, `Deployment`) and what manifests say into kinds. */
export interface ResourceMapper {
  /** Throws a CliError with kubectl's words when the server has no such resource. */
  resolve(name: string): Promise<ResourceType>;
  /** The kind of a manifest; throws a CliError that names apiVersion and kind. */
  forObject(object: KubeObject): Promise<ResourceType>;
  /** The kinds of a category such as `all`. */
  inCategory(category: string): Promise<readonly ResourceType[]>;
  everything(): Promise<readonly ResourceType[]>;
}

const builtIn: readonly ResourceType[] = Object.values(kinds);

/** Two groups serve events; the older one is what people mean. For autoscaling, the version that kubectl prefers. */
const preferred = builtIn.filter((type) => type !== kinds.groupEvents && type !== kinds.horizontalPodAutoscalersV1);

/** `discover` asks the server for all it has; called at most once, and only for names that are not built in. */
export function createResourceMapper(discover: () => Promise<readonly ResourceType[]>): ResourceMapper {
  let discovered: Promise<readonly ResourceType[]> | undefined;
  const everything = (): Promise<readonly ResourceType[]> => {
    discovered ??= discover();
    return discovered;
  };
  return {
    everything,
    async resolve(name) {
      const found = findByName(preferred, name) ?? findByName(await everything(), name);
      if (!found) {
        throw new CliError(`the server doesn't have a resource type ${JSON.stringify(name)}`, {
          fix: 'See what it has with: berth api-resources',
        });
      }
      return found;
    },
    async forObject(object) {
      const isIt = (type: ResourceType): boolean =>
        type.kind === object.kind && apiVersionOf(type) === object.apiVersion;
      const found = builtIn.find(isIt) ?? (await everything()).find(isIt);
      if (!found) {
        throw new CliError(
          `resource mapping not found for name: ${JSON.stringify(object.metadata?.name ?? '')}: no matches for kind ${JSON.stringify(object.kind)} in version ${JSON.stringify(object.apiVersion)}`,
          { fix: 'Check apiVersion and kind; see what the server has with: berth api-resources' },
        );
      }
      return found;
    },
    async inCategory(category) {
      return preferred.filter((type) => type.categories.includes(category));
    },
  };
}

function findByName(types: readonly ResourceType[], name: string): ResourceType | undefined {
  const [first = '', ...rest] = name.toLowerCase().split('.');
  const suffix = rest.join('.');
  return types.find((type) => {
    const named = [type.resource, type.singular, type.kind.toLowerCase(), ...type.shortNames].includes(first);
    if (!named || suffix === '') return named;
    return [type.group, `${type.version}.${type.group}`, type.version].includes(suffix);
  });
}
