import type { KubeObject, Stored, WatchEvent } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { internalError } from '#api/status-error.ts';
import { deepFreeze, isStored } from '../stored.ts';
import { readLines } from './lines.ts';
import { errorFromStatus } from './response-error.ts';
import type { Transport } from './transport.ts';

/** Ends quietly when the server or the network closes the stream; throws the server's own error (Expired among them). */
export async function* watchStream<T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<Stored<T>>> {
  try {
    const response = await transport.request({ method: 'GET', path, signal, stream: true });
    for await (const line of readLines(bytes(response.body, signal), { unfinished: 'drop' })) {
      yield parseEvent(type, line);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** A connection that breaks is a stream that ends: whoever watches goes on from the last version. */
async function* bytes(body: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    if (signal.aborted) throw error;
  }
}

function parseEvent<T extends KubeObject>(type: ResourceType<T>, line: string): WatchEvent<Stored<T>> {
  const event = parseJson(type, line);
  if (!isJsonObject(event)) throw internalError('a watch event is not an object');
  const { object } = event;
  switch (event.type) {
    case 'ERROR':
      throw errorFromStatus(isJsonObject(object) ? object : {}, 500);
    case 'BOOKMARK':
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (!isStored(type, object) && !(event.type === 'BOOKMARK' && isBookmark(type, object))) {
        throw internalError(`a watch event of ${type.resource} carries something else`);
      }
      return { type: event.type, object: deepFreeze(object) };
    default:
      throw internalError(`a watch event has the unknown type ${JSON.stringify(event.type)}`);
  }
}

/** Bookmarks carry a version and nothing else, not even a name. */
const isBookmark = <T extends KubeObject>(_type: ResourceType<T>, value: unknown): value is Stored<T> =>
  isJsonObject(value) && isJsonObject(value.metadata) && typeof value.metadata.resourceVersion === 'string';

function parseJson(type: ResourceType, line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw internalError(`a watch event of ${type.resource} is not JSON`, cause);
  }
}
