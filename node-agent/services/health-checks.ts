import type { Server } from 'node:http';
import type { Clock, Timer } from '#base/clock.ts';
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
  readonly clock: Clock;
  readonly log: Log;
  /** @default all addresses */
  readonly host?: string | undefined;
}

interface Serving {
  readonly port: number;
  server: Server;
  /** Another program has the port: it may give it back. */
  retry: Timer | undefined;
}

const retryMs = 5_000;

/** The node answers on `healthCheckNodePort` as kube-proxy does: 200 with endpoints of its own, else 503. */
export function createHealthChecks({ clock, log, host = '0.0.0.0' }: HealthCheckOptions): HealthCheckServers {
  const servers = new Map<string, Serving>();
  let known: ReadonlyMap<string, HealthCheck> = new Map();

  const serverOf = (key: string): Server =>
    createHttpServer((_request, response) => {
      const { namespace = '', name = '', localEndpoints = 0 } = known.get(key) ?? {};
      response.writeHead(localEndpoints > 0 ? 200 : 503, {
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
        'x-load-balancing-endpoint-weight': String(localEndpoints),
      });
      response.end(JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: true }));
    });

  const listen = (key: string, serving: Serving, tries: number): void => {
    const { server, port } = serving;
    server.on('error', (error) => {
      const level = tries === 0 ? 'warn' : 'debug';
      log[level]({ err: error, service: key, port, retryMs }, 'a health check port of a service cannot be served');
      if (servers.get(key) !== serving) return;
      serving.retry = clock.setTimer(retryMs, () => {
        serving.server = serverOf(key);
        listen(key, serving, tries + 1);
      });
    });
    server.listen(port, host);
    server.unref();
  };

  const open = (key: string, { port }: HealthCheck): void => {
    const serving = { port, server: serverOf(key), retry: undefined };
    servers.set(key, serving);
    listen(key, serving, 0);
  };

  const shut = (key: string, { server, retry }: Serving): Promise<void> => {
    servers.delete(key);
    retry?.cancel();
    return new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };

  return {
    set(checks) {
      known = checks;
      for (const [key, serving] of [...servers]) if (checks.get(key)?.port !== serving.port) void shut(key, serving);
      for (const [key, check] of checks) if (!servers.has(key)) open(key, check);
    },
    async close() {
      known = new Map();
      await Promise.all([...servers].map(([key, serving]) => shut(key, serving)));
    },
  };
}
