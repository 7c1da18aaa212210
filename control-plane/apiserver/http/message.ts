/** One request as the server's core sees it; the socket stays outside (http/listener.ts). */
export interface ApiRequest {
  readonly method: string;
  /** Path and query as sent: `/api/v1/pods?limit=5`. */
  readonly target: string;
  /** Names in lower case; what was sent several times is joined with `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Absent when the request cannot have one. Throws when the client breaks off. */
  readonly body?: AsyncIterable<Buffer> | undefined;
  readonly peer: Peer;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

/** What the transport knows of the caller. */
export type Peer =
  | { readonly kind: 'anonymous' }
  /** A certificate signed by the cluster's CA. */
  | {
      readonly kind: 'certificate';
      readonly commonName: string;
      readonly organizations: readonly string[];
      /** When it begins and ends to be valid, in milliseconds since the epoch. */
      readonly beginsMs?: number | undefined;
      readonly endsMs?: number | undefined;
    }
  /** A certificate that is not; `why` is the verifier's word. */
  | { readonly kind: 'rejected'; readonly why: string };

export interface ApiResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** A stream is pulled as fast as the client reads. */
  readonly body?: Buffer | AsyncIterable<Buffer> | undefined;
}

export type ResponseHeaders = Readonly<Record<string, string | readonly string[]>>;
