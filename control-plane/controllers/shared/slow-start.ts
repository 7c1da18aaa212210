/**
 * Runs `attempt` `count` times in batches of 1, 2, 4, … and stops after the first batch with a failure, so that a
 * quota or a refusing server is asked a few times rather than hundreds of times. Returns how many succeeded and the first error.
 */
export async function slowStart(
  count: number,
  attempt: (index: number) => Promise<void>,
): Promise<{ readonly succeeded: number; readonly error?: unknown }> {
  let succeeded = 0;
  for (let started = 0, size = 1; started < count; size *= 2) {
    const batch = Math.min(size, count - started);
    const results = await Promise.allSettled(Array.from({ length: batch }, (_, index) => attempt(started + index)));
    started += batch;
    succeeded += results.filter((result) => result.status === 'fulfilled').length;
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) return { succeeded, error: failed.reason };
  }
  return { succeeded };
}
