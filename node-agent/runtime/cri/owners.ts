/** Which sandbox a container is in: ContainerStatus does not say, and it never changes. */
export interface Owners {
  sandboxOf(containerId: string): string | undefined;
  learn(containerId: string, sandboxId: string): void;
  forget(containerId: string): void;
  /** Drops what is not in `containers`. */
  replace(containers: readonly { readonly id: string; readonly sandboxId: string }[]): void;
}

export function createOwners(): Owners {
  let owners = new Map<string, string>();
  return {
    sandboxOf: (containerId) => owners.get(containerId),
    learn: (containerId, sandboxId) => owners.set(containerId, sandboxId),
    forget: (containerId) => owners.delete(containerId),
    replace: (containers) => {
      owners = new Map(containers.map(({ id, sandboxId }) => [id, sandboxId]));
    },
  };
}
