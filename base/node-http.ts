/**
 * What we use of `node:http`. An import statement asks for each of its exports, among them WebSocket, and for that Node loads its
 * whole browser-like client: 12 MB that no process of ours uses (docs/decisions/0007).
 */
export const {
  Agent: HttpAgent,
  createServer: createHttpServer,
  request: httpRequest,
  IncomingMessage: HttpIncoming,
  ServerResponse: HttpOutgoing,
  STATUS_CODES: httpStatusTexts,
} = process.getBuiltinModule('node:http');
