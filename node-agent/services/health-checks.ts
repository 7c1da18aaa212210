import type { Server } from 'node:http';
import type { Log } from '#base/log.ts';
import { createHttpServer } from '#base/node-http.ts';

/** What a load balancer outside asks a node: does it have endpoints of this service of its own? */
export interface HealthCheck {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  /** How many ready ones. */
  readonly localEndpoints: number;
}

export interface HealthCheckServers {
  /** All there are, by service. Ports are opened and closed accordingly. */
  set(checks: ReadonlyMap<string, HealthCheck>): void;
  close(): Promise<void>;
}

export interface HealthCheckOptions {
  readonly log: Log;
  /** Told once when a port cannot be opened. */
  readonly onProblem?: ((check: HealthCheck, why: string) => void) | undefined;
  /** @default all addresses */
  readonly host?: string | undefined;
}

/** The node answers on `healthCheckNodePort` as kube-proxy does: 200 with endpoints of its own, else 503. */
export function createHealthChecks({ log, onProblem, host = '0.0.0.0' }: HealthCheckOptions): HealthCheckServers {
  const servers = new Map<string, { readonly server: Server; readonly port: number }>();
  let known: ReadonlyMap<string, HealthCheck> = new Map();

  const open = (key: string, check: HealthCheck): void => {
    const server = createHttpServer((_request, response) => {
      const { namespace = '', name = '', localEndpoints = 0 } = known.get(key) ?? {};
      response.writeHead(localEndpoints > 0 ? 200 : 503, {
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
        'x-load-balancing-endpoint-weight': String(localEndpoints),
      });
      response.end(JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: true }));
    });
    server.on('error', (error) => {
      log.warn({ err: error, service: key, port: check.port }, 'a health check port of a service cannot be served');
      onProblem?.(check, error.message);
    });
    server.listen(check.port, host);
    server.unref();
    servers.set(key, { server, port: check.port });
  };

  const shut = (key: string, server: Server): Promise<void> => {
    servers.delete(key);
    return new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };

  return {
    set(checks) {
      known = checks;
      for (const [key, { server, port }] of [...servers]) if (checks.get(key)?.port !== port) void shut(key, server);
      for (const [key, check] of checks) if (!servers.has(key)) open(key, check);
    },
    async close() {
      known = new Map();
      await Promise.all([...servers].map(([key, { server }]) => shut(key, server)));
    },
  };
}
