/** A container cannot be made from its spec as things are; `reason` goes into its waiting state. Retried. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError';
  readonly reason: 'CreateContainerConfigError' | 'CreateContainerError' | 'RunContainerError' | 'PostStartHookError';

  constructor(message: string, options?: { reason?: ContainerConfigError['reason']; cause?: unknown }) {
    super(message, { cause: options?.cause });
    this.reason = options?.reason ?? 'CreateContainerConfigError';
  }
}

/** A volume cannot be set up; the message is what the pod's FailedMount event says. Retried. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
  readonly volume: string;

  constructor(volume: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.volume = volume;
  }
}
