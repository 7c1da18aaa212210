export interface EventuallyOptions {
  /** Default 30 s. */
  readonly withinMs?: number;
  readonly everyMs?: number;
  /** Printed when it is not reached. */
  readonly pending?: () => unknown;
}

/** Tries until `attempt` neither throws nor returns false; then fails with the last reason and with what was pending. */
export async function eventually<T>(attempt: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const endMs = performance.now() + (options.withinMs ?? 30_000);
  let reason: unknown = 'the condition stayed false';
  for (;;) {
    try {
      const value = await attempt();
      if (value !== false) return value;
    } catch (error) {
      reason = error;
    }
    if (performance.now() > endMs) {
      const pending = options.pending ? `\npending: ${JSON.stringify(await options.pending(), undefined, 2)}` : '';
      throw new Error(`not reached within ${options.withinMs ?? 30_000} ms: ${reason}${pending}`, { cause: reason });
    }
    await new Promise((resolve) => setTimeout(resolve, options.everyMs ?? 50));
  }
}
