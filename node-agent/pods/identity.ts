/** The labels and annotations that let a fresh agent recognise what runs; names as every CRI tool knows them. */
export const labels = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const;

export const annotations = {
  hash: 'io.kubernetes.container.hash',
  restartCount: 'io.kubernetes.container.restartCount',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
  gracePeriod: 'io.kubernetes.pod.terminationGracePeriod',
  /** Milliseconds to wait, after this container has failed, before the next one starts. */
  backOffMs: 'berth.io/container.back-off-ms',
  /** The image as the spec named it; runtimes show what it was resolved to. */
  image: 'berth.io/container.image',
  /** Where the machine keeps the file that the container sees as its termination message. */
  terminationLog: 'berth.io/container.termination-log',
} as const;
