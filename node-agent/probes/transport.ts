/** What a probe or a hook asks of the network. Implementations: real (network-transport.ts), and one that answers by itself for simulation. */
export interface ProbeTransport {
  /** Rejects when no answer came within the time; the message is what the user reads. */
  http(request: HttpProbe, timeoutMs: number, signal: AbortSignal): Promise<HttpAnswer>;
  /** Resolves once a connection stands. */
  tcp(address: ProbeAddress, timeoutMs: number, signal: AbortSignal): Promise<void>;
  /** The health service's word: `SERVING` is well. */
  grpc(address: ProbeAddress, service: string, timeoutMs: number, signal: AbortSignal): Promise<string>;
}

export interface ProbeAddress {
  readonly host: string;
  readonly port: number;
}

export interface HttpProbe extends ProbeAddress {
  readonly scheme: 'http' | 'https';
  readonly path: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

export interface HttpAnswer {
  readonly status: number;
  /** The beginning of the body. */
  readonly body: string;
}

/** Every probe succeeds: for nodes without containers. */
export function createHollowTransport(): ProbeTransport {
  return {
    http: async () => ({ status: 200, body: 'ok' }),
    tcp: async () => {},
    grpc: async () => 'SERVING',
  };
}
