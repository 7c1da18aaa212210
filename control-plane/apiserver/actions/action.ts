import type { KubeObject, ObjectKey } from '#api/meta.ts';
import type { Clock } from '#base/clock.ts';
import type { RequestContext, ResourceRegistry, WriteQuery } from '../registry/registry.ts';

/** What actions need of the server beneath them. */
export interface ActionHost {
  registry(group: string, version: string, resource: string): ResourceRegistry | undefined;
  readonly clock: Clock;
}

export type Action = (
  host: ActionHost,
  context: RequestContext,
  key: ObjectKey,
  body: KubeObject,
  options: WriteQuery,
) => Promise<KubeObject>;
