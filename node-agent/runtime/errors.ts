/** `not-found`: the sandbox, container or image is gone. `unavailable`: no runtime answers. `timeout`: it took too long. */
export type RuntimeErrorCode =
  | 'not-found'
  | 'unavailable'
  | 'timeout'
  | 'already-exists'
  | 'invalid'
  | 'pull-failed'
  | 'failed';

export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export const isRuntimeError = (error: unknown, code: RuntimeErrorCode): error is RuntimeError =>
  error instanceof RuntimeError && error.code === code;
