import { isExpired, StatusError } from '#api/status-error.ts';
import type { RegistryEvent, ResourceRegistry } from '../registry/registry.ts';
import type { Exchange } from './exchange.ts';
import type { ApiResponse } from './message.ts';
import { negotiate, type Representation } from './negotiate.ts';
import { includeObject, type ListParameters } from './query.ts';
import { toStatusError } from './status-response.ts';
import {
  errorLine,
  type LineCache,
  type LineWriter,
  objectLines,
  partialMetadataLines,
  tableLines,
} from './watch-lines.ts';

/** A watch that does not say how long ends after this, or up to twice this: clients then do not come back all at once. */
const defaultTimeoutMinSeconds = 1800;

/** Answers a watch: one line of JSON per event until its time is over, the client leaves or the server closes. */
export async function serveWatch(
  exchange: Exchange,
  registry: ResourceRegistry,
  parameters: ListParameters,
  cache: LineCache,
): Promise<ApiResponse> {
  const { request, context, services, route } = exchange;
  const representation = negotiate(request.headers.accept, false, {
    transformations: ['Table', 'PartialObjectMetadata'],
    stream: true,
  });
  const writer = lineWriter(exchange, representation, cache);
  const seconds = parameters.timeoutSeconds || defaultTimeoutMinSeconds * (1 + services.random.next());
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, ended.signal]);
  const fieldSelector = [parameters.fieldSelector, route.name && `metadata.name=${route.name}`]
    .filter(Boolean)
    .join(',');
  const query = { ...parameters, namespace: route.namespace, fieldSelector: fieldSelector || undefined };
  const events = await begin(() => registry.watch({ ...context, signal }, query));
  const headers = { 'content-type': representation.contentType, 'cache-control': 'no-cache, private' };
  if (events instanceof StatusError) return { status: 200, headers, body: only(errorLine(events.status)) };
  return { status: 200, headers, body: lines(events, writer, ended, seconds, exchange) };
}

/** A version that is gone is told in the stream, as kube-apiserver does; any other refusal is the answer itself. */
async function begin(
  start: () => Promise<AsyncIterable<RegistryEvent>>,
): Promise<AsyncIterable<RegistryEvent> | StatusError> {
  try {
    return await start();
  } catch (error) {
    if (isExpired(error)) return error;
    throw error;
  }
}

async function* lines(
  events: AsyncIterable<RegistryEvent>,
  write: LineWriter,
  ended: AbortController,
  seconds: number,
  { services, context, definition }: Exchange,
): AsyncGenerator<Buffer> {
  const end = () => ended.abort(watchEnded);
  const timer = services.clock.setTimer(seconds * 1000, end);
  const watching = services.metrics.watchStarted(definition.type);
  try {
    for await (const event of events) yield write(event);
  } catch (error) {
    if (ended.signal.aborted || context.signal.aborted) return;
    yield errorLine(toStatusError(error).status);
  } finally {
    timer.cancel();
    watching.end();
    end();
  }
}

const watchEnded = new Error('the watch has ended');

async function* only(line: Buffer): AsyncGenerator<Buffer> {
  yield line;
}

function lineWriter({ definition, target, services }: Exchange, { as }: Representation, cache: LineCache): LineWriter {
  if (as === undefined) return objectLines(definition, cache);
  if (as.kind !== 'Table') return partialMetadataLines(definition, as.version);
  return tableLines(definition, {
    version: as.version,
    include: includeObject(target.query),
    now: () => services.clock.now(),
  });
}
