/** A request that the agent's server does not serve: answered with this status and the message as text, as the kubelet does. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
