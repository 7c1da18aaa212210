/** What a node's agent says about images, asked through the API server. */
import type { Readable } from 'node:stream';
import { isJsonObject } from '#api/schema/record.ts';
import { StatusError } from '#api/status-error.ts';
import { messageOf } from '#base/error-message.ts';
import type { RawRequest, Transport } from '#client/http/transport.ts';
import {
  type CommitRequest,
  type Descriptor,
  isCheckAnswer,
  isCommitAnswer,
  isImagesAnswer,
  type MissingBlob,
  type NodeImage,
} from '#node-agent/images/transfer.ts';

export interface NodeClient {
  list(signal: AbortSignal): Promise<readonly NodeImage[]>;
  check(target: Descriptor, blobs: readonly Descriptor[], signal: AbortSignal): Promise<readonly MissingBlob[]>;
  /** `bytes` is what comes after `offset`. */
  write(target: Descriptor, blob: Descriptor, offset: number, bytes: Readable, signal: AbortSignal): Promise<void>;
  commit(request: CommitRequest, signal: AbortSignal): Promise<void>;
  remove(name: string, signal: AbortSignal): Promise<void>;
}

/** A request that a node, or the way to it, has refused. */
export class NodeError extends Error {
  override readonly name = 'NodeError';
  readonly status: number;

  constructor(status: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }

  /** Another try may succeed: somebody else was sending, or the connection broke. */
  get mayPass(): boolean {
    return [409, 429, 502, 503, 504].includes(this.status);
  }
}

/** Every method rejects with a NodeError, or the signal's reason. */
export function createNodeClient(transport: Transport, node: string): NodeClient {
  const ask = async (request: Omit<RawRequest, 'path'>, path: string): Promise<unknown> => {
    const full = `/api/v1/nodes/${encodeURIComponent(node)}/proxy/images${path}`;
    try {
      // Layers and their unpacking take as long as they take; whoever asks watches the node.
      const response = await transport.request({ ...request, path: full, stream: true, anyStatus: true });
      const text = await response.body.text();
      if (response.status < 300) return JSON.parse(text);
      throw new NodeError(response.status, refusalOf(response.status, text, path));
    } catch (error) {
      request.signal?.throwIfAborted();
      if (error instanceof NodeError) throw error;
      throw new NodeError(error instanceof StatusError ? error.code : 502, messageOf(error), error);
    }
  };
  const checked = <T>(answer: unknown, isRight: (value: unknown) => value is T): T => {
    if (isRight(answer)) return answer;
    throw new NodeError(500, 'its agent answered with something else than expected; is it of the same version?');
  };
  const post = (path: string, body: unknown, signal: AbortSignal) =>
    ask({ method: 'POST', body: JSON.stringify(body), signal }, path);

  return {
    list: async (signal) => checked(await ask({ method: 'GET', signal }, ''), isImagesAnswer).images,
    check: async (target, blobs, signal) => {
      const request = { target: plain(target), blobs: blobs.map(plain) };
      return checked(await post('/check', request, signal), isCheckAnswer).missing;
    },
    async write(target, { digest, size }, offset, bytes, signal) {
      const query = new URLSearchParams({ target: target.digest, size: String(size), offset: String(offset) });
      const headers = { 'content-length': String(size - offset) };
      const contentType = 'application/octet-stream';
      try {
        await ask({ method: 'PUT', body: bytes, headers, contentType, signal }, `/blobs/${digest}?${query}`);
      } finally {
        bytes.destroy();
      }
    },
    async commit(request, signal) {
      checked(await post('/commit', request, signal), isCommitAnswer);
    },
    async remove(name, signal) {
      await ask({ method: 'DELETE', signal }, `?${new URLSearchParams({ name })}`);
    },
  };
}

const plain = ({ mediaType, digest, size }: Descriptor): Descriptor => ({ mediaType, digest, size });

/** The API server refuses with a Status, an agent with a line of text. */
function refusalOf(status: number, text: string, path: string): string {
  if (status === 404 && text.startsWith('404 page')) {
    return `its agent does not know /images${path}; is it of the same version?`;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value) && typeof value.message === 'string') return value.message;
  } catch {
    // Text, then.
  }
  return text.trim() || `refused with status ${status}`;
}
