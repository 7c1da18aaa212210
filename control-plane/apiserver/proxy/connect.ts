import { badRequest, serviceUnavailable } from '#api/status-error.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Upgrade } from '../http/handler.ts';
import type { ApiResponse } from '../http/message.ts';
import { forward, forwardUpgrade } from './forward.ts';
import { createNodeBackends, type NodeBackends, type NodeProxyOptions } from './node-backend.ts';
import { serveLog, streamBackend } from './pod-streams.ts';
import { webBackend } from './web-backend.ts';

export interface ConnectHandler {
  serve(exchange: Exchange): Promise<ApiResponse>;
  upgrade(exchange: Exchange): Promise<Upgrade>;
}

/** Serves `connect` subresources: log, exec, attach, portforward and the three proxies. */
export function createConnectHandler(options: NodeProxyOptions | undefined): ConnectHandler {
  const nodeBackends: NodeBackends = options
    ? createNodeBackends(options)
    : {
        find: async () => {
          throw serviceUnavailable('this server has no certificate to reach nodes with');
        },
      };
  return {
    async serve(exchange) {
      const { subresource, route, target } = exchange;
      switch (subresource?.name) {
        case 'log':
          return serveLog(exchange, nodeBackends);
        case 'proxy':
          if (route.proxyPath === '' && !target.path.endsWith('/') && exchange.request.method === 'GET') {
            const query = target.rawQuery ? `?${target.rawQuery}` : '';
            return { status: 301, headers: { location: `${target.path}/${query}` } };
          }
          return forward(await webBackend(exchange, nodeBackends), exchange);
        default:
          // What would be upgraded is checked all the same, so that its own mistakes are told first.
          await streamBackend(exchange, nodeBackends);
          throw badRequest('Upgrade request required');
      }
    },
    async upgrade(exchange) {
      const isProxy = exchange.subresource?.name === 'proxy';
      const backend = await (isProxy ? webBackend(exchange, nodeBackends) : streamBackend(exchange, nodeBackends));
      return forwardUpgrade(backend, exchange);
    },
  };
}
