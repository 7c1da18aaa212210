import type { ImageUser } from './memory.ts';
import type { ApiPod, PodContainer } from './pod-model.ts';

/** What pods need of the machine's images: node-agent/images answers it, see image-bridge in agent.ts. */
export interface PodImages {
  /** Makes the container's image present as its pull policy says. Never rejects, unless the signal aborts. */
  ensure(request: ImageRequest, signal: AbortSignal): Promise<ImageOutcome>;
}

export interface ImageRequest {
  readonly pod: ApiPod;
  readonly container: PodContainer;
  /** Contents of the pod's imagePullSecrets, each the decoded `.dockerconfigjson` or `.dockercfg`. */
  readonly pullSecrets: readonly PullSecret[];
  readonly emit: (type: 'Normal' | 'Warning', reason: string, message: string) => void;
}

export interface PullSecret {
  readonly type: string;
  readonly data: Readonly<Record<string, string>>;
}

export type ImageOutcome =
  | { readonly kind: 'ready'; readonly image: string; readonly user: ImageUser }
  /** `reason` goes into the container's waiting state. */
  | { readonly kind: 'failed'; readonly reason: string; readonly message: string; readonly retryAtMs: number };
