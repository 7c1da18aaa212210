/** The machine is not as Berth needs it. The message says what is wrong; `fix` says what to do about it. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly fix: string;

  constructor(message: string, fix: string, cause?: unknown) {
    super(message, { cause });
    this.fix = fix;
  }
}
