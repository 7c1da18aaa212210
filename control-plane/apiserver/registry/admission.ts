import type { KubeObject, ObjectKey } from '#api/meta.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import type { RequestContext } from './registry.ts';

/** A rule that reaches beyond one kind: it may change what is about to be written, or refuse it. */
export interface AdmissionHook {
  readonly name: string;
  /** Rejects with a StatusError to refuse. May run more than once for a request that is retried after a conflict. */
  admit(request: AdmissionRequest): Promise<void>;
  /**
   * What became of a request that it admitted (the same object): it was written, the object was removed, or neither. Called
   * before the caller is answered. Must not reject.
   */
  settled?(request: AdmissionRequest, outcome: AdmissionOutcome): Promise<void>;
}

export type AdmissionOutcome = 'written' | 'removed' | 'refused';

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

/** Lets every hook see the request, in their order. Whoever has admitted it hears at once when a later one refuses. */
export async function admitAll(hooks: readonly AdmissionHook[], request: AdmissionRequest): Promise<void> {
  for (const [index, hook] of hooks.entries()) {
    try {
      await hook.admit(request);
    } catch (error) {
      await settleAll(hooks.slice(0, index + 1), request, 'refused');
      throw error;
    }
  }
}

/** To be called once for every request that `admitAll` has let pass. */
export async function settleAll(
  hooks: readonly AdmissionHook[],
  request: AdmissionRequest,
  outcome: AdmissionOutcome,
): Promise<void> {
  for (const hook of hooks) await hook.settled?.(request, outcome);
}
