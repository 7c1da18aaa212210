import type { V1Status } from '#api/generated/types.ts';
import { StatusError } from '#api/status-error.ts';

/** The Status that `work` must fail with. */
export async function statusOf(work: Promise<unknown>): Promise<V1Status> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof StatusError) return error.status;
  throw new Error(`expected a StatusError, got ${String(error)}`, { cause: error });
}
