import { isRuntimeError } from '../errors.ts';

/** Per call. Changes get what the kubelet gives them (two minutes); a question that takes ten seconds has no answer. */
export const timeouts = {
  queryMs: 10_000,
  changeMs: 120_000,
  sandboxMs: 240_000,
  /** Big images over slow lines; progress is the runtime's to watch. */
  pullMs: 3_600_000,
} as const;

/** Stop and remove of what is gone succeed, whichever way the runtime sees it. */
export async function ifPresent(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isRuntimeError(error, 'not-found')) throw error;
  }
}
