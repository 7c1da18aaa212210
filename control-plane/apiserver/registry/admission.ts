import type { KubeObject, ObjectKey } from '#api/meta.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import type { RequestContext } from './registry.ts';

/** A rule that reaches beyond one kind: it may change what is about to be written, or refuse it. */
export interface AdmissionHook {
  readonly name: string;
  /** Rejects with a StatusError to refuse. May run more than once for a request that is retried after a conflict. */
  admit(request: AdmissionRequest): Promise<void>;
}

export interface AdmissionRequest {
  readonly definition: ResourceDefinition;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly context: RequestContext;
  readonly key: ObjectKey;
  readonly subresource?: string | undefined;
  /** Defaulted and prepared, not yet validated; the hook may change it. Absent for DELETE. */
  readonly object?: KubeObject | undefined;
  readonly old?: KubeObject | undefined;
  readonly dryRun: boolean;
}

/** Lets every hook see the request, in their order. */
export async function admitAll(hooks: readonly AdmissionHook[], request: AdmissionRequest): Promise<void> {
  for (const hook of hooks) await hook.admit(request);
}
