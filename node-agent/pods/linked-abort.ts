/** An AbortController that also aborts with its parent, and lets go of the parent when it is done. */
export interface LinkedAbort {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** Ends the link; the signal stays as it is. */
  release(): void;
}

export function createAbort(parent: AbortSignal): LinkedAbort {
  const controller = new AbortController();
  const onParent = (): void => controller.abort(parent.reason);
  const release = (): void => parent.removeEventListener('abort', onParent);
  if (parent.aborted) controller.abort(parent.reason);
  else parent.addEventListener('abort', onParent, { once: true });
  return {
    signal: controller.signal,
    abort(reason) {
      release();
      controller.abort(reason);
    },
    release,
  };
}
