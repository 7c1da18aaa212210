import type { CoreV1Event, V1ContainerStatus, V1Pod } from '#api/generated/types.ts';

export const nowMs = Date.parse('2026-11-20T12:00:00Z');

/** A pod with one container `web` that has run well for a minute. */
export function healthyPod(status: Partial<V1ContainerStatus> = {}, pod: Partial<V1Pod> = {}): V1Pod {
  const one: V1ContainerStatus = {
    name: 'web',
    image: 'shop/web:1',
    imageID: 'sha256:1',
    containerID: 'containerd://1',
    ready: true,
    restartCount: 0,
    state: { running: { startedAt: '2026-11-20T11:59:00Z' } },
    ...status,
  };
  return {
    metadata: { name: 'web-1', namespace: 'shop', uid: 'u1', labels: { app: 'web' } },
    spec: { nodeName: 'n1', containers: [{ name: 'web', image: 'shop/web:1' }] },
    status: { phase: 'Running', containerStatuses: [one] },
    ...pod,
  };
}

export const podEvent = (reason: string, message: string, event: Partial<CoreV1Event> = {}): CoreV1Event => ({
  metadata: { name: reason.toLowerCase(), namespace: 'shop' },
  involvedObject: { kind: 'Pod', name: 'web-1', namespace: 'shop', uid: 'u1' },
  type: 'Warning',
  reason,
  message,
  firstTimestamp: '2026-11-20T11:59:30Z',
  lastTimestamp: '2026-11-20T11:59:55Z',
  ...event,
});
