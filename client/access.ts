/** How to reach a cluster and who to be there; what a kubeconfig's current context says. */
export interface ClusterAccess {
  /** `https://host:port`, with a path prefix where there is one. */
  readonly server: string;
  /** PEM. Absent: the system's authorities. */
  readonly ca?: string | undefined;
  /** PEM, both or neither. */
  readonly clientCert?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly token?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  readonly tlsServerName?: string | undefined;
  /** The context's default namespace. */
  readonly namespace?: string | undefined;
}
