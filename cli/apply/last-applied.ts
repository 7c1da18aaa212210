/** Where `apply` remembers the manifest, so that the next one knows what the user has removed from it. As kubectl. */
export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';
