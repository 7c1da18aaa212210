import { isNotFound } from '#api/status-error.ts';

/** Waits for a write to an object that somebody may have deleted meanwhile: then there is nothing left to do. */
export async function ignoreGone<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
