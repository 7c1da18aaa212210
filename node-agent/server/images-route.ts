/** The agent's `/images`: what is there, taking one in blob by blob, removal. Berth's own; a kubelet has no such paths. */
import type { Clock } from '#base/clock.ts';
import { completeName } from '../images/reference.ts';
import { type ImageStore, ImageStoreError, type ImageStoreErrorCode } from '../images/store.ts';
import { isCheckRequest, isCommitRequest, isDigest, type NodeImage } from '../images/transfer.ts';
import { isRuntimeError } from '../runtime/errors.ts';
import { identityLabels } from '../runtime/identity-labels.ts';
import type { Container, ContainerRuntime, Image } from '../runtime/runtime.ts';
import { RefusedError } from './refused.ts';

export interface ImageRoutesOptions {
  readonly runtime: Pick<ContainerRuntime, 'listImages' | 'imageStatus' | 'removeImage' | 'listContainers'>;
  /** Absent: this node takes no images. */
  readonly store: ImageStore | undefined;
  /** Images that the node itself needs. Complete names. */
  readonly protectedNames: readonly string[];
  readonly clock: Clock;
}

export interface ImageCall {
  readonly method: string;
  /** After `images`. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly body: AsyncIterable<Buffer>;
  readonly signal: AbortSignal;
}

export interface ImageRoutes {
  /** Resolves with what is answered, as JSON. Rejects with a RefusedError. */
  handle(call: ImageCall): Promise<object>;
}

const jsonBytesMax = 2 ** 20;
/** The runtime learns of a new name by an event of its own. */
const noticeMaxMs = 10_000;
const noticePollMs = 20;

export function createImageRoutes({ runtime, store, protectedNames, clock }: ImageRoutesOptions): ImageRoutes {
  const mustTake = (): ImageStore => {
    if (!store) throw new RefusedError(501, 'this node takes no images');
    return store;
  };

  const list = async (signal: AbortSignal): Promise<object> => {
    const images = await runtime.listImages(signal);
    return {
      images: images.map(
        ({ id, repoTags, repoDigests, sizeBytes }): NodeImage => ({
          id,
          names: repoTags,
          digests: repoDigests,
          sizeBytes,
        }),
      ),
    };
  };

  const check = async ({ body, signal }: ImageCall): Promise<object> => {
    const request = await readJson(body);
    if (!isCheckRequest(request)) throw new RefusedError(400, 'the body is no request for a check');
    return { missing: await mustTake().check(request.target, request.blobs, signal) };
  };

  const write = async (digest: string, { query, body, signal }: ImageCall): Promise<object> => {
    const target = query.get('target');
    if (!isDigest(digest) || !isDigest(target)) throw new RefusedError(400, 'digest and target must be sha256 digests');
    const [size, offset] = ['size', 'offset'].map((name) => wholeNumber(query, name));
    if (size === undefined || offset === undefined || offset > size) {
      throw new RefusedError(400, 'size and offset must be numbers of bytes');
    }
    await mustTake().write({ target, digest, size, offset }, body, signal);
    return {};
  };

  const commit = async ({ body, signal }: ImageCall): Promise<object> => {
    const request = await readJson(body);
    if (!isCommitRequest(request) || request.names.some((name) => completeName(name) !== name)) {
      throw new RefusedError(400, 'the body must have a target and complete image names');
    }
    const answer = await mustTake().commit(request, signal);
    for (const name of request.names) await untilNoticed(name, answer.id, signal);
    return answer;
  };

  const untilNoticed = async (name: string, id: string, signal: AbortSignal): Promise<void> => {
    const endMs = clock.monotonicMs() + noticeMaxMs;
    while ((await runtime.imageStatus(name, signal))?.id !== id) {
      if (clock.monotonicMs() >= endMs) {
        throw new RefusedError(500, `${name} is stored, but the container runtime does not show it`);
      }
      await clock.sleep(noticePollMs, signal);
    }
  };

  const remove = async ({ query, signal }: ImageCall): Promise<object> => {
    const asked = query.get('name') ?? '';
    const name = completeName(asked) ?? asked;
    const image = await runtime.imageStatus(name, signal);
    if (!image) throw new RefusedError(404, `there is no image ${asked}`);
    if (image.pinned || image.repoTags.some((tag) => protectedNames.includes(tag))) {
      throw new RefusedError(409, `${asked} is needed by every pod of this node`);
    }
    const users = usersOf(image, await runtime.listContainers(signal));
    if (users.length > 0) throw new RefusedError(409, `${asked} is in use by ${users.join(', ')}`);
    const others = image.repoTags.filter((tag) => tag !== name);
    if (store && others.length > 0 && others.length < image.repoTags.length) await store.removeName(name, signal);
    else await runtime.removeImage(image.id, signal);
    return {};
  };

  const route = (call: ImageCall): Promise<object> => {
    const { method, segments } = call;
    const [first, second] = segments;
    if (first === 'blobs' && second !== undefined && segments.length === 2) {
      if (method === 'PUT') return write(second, call);
    } else if (first === undefined) {
      if (method === 'GET') return list(call.signal);
      if (method === 'DELETE') return remove(call);
    } else if (first === 'check' && segments.length === 1) {
      if (method === 'POST') return check(call);
    } else if (first === 'commit' && segments.length === 1) {
      if (method === 'POST') return commit(call);
    } else throw new RefusedError(404, '404 page not found');
    throw new RefusedError(405, 'method not allowed');
  };

  return {
    async handle(call) {
      try {
        return await route(call);
      } catch (error) {
        throw toRefusal(error);
      }
    },
  };
}

/** `default/web-1`, each once. */
function usersOf(image: Image, containers: readonly Container[]): string[] {
  const names = new Set([image.id, ...image.repoTags, ...image.repoDigests]);
  const users = containers
    .filter((one) => names.has(one.image) || names.has(one.imageRef))
    .map(({ labels }) => `pod ${labels[identityLabels.podNamespace]}/${labels[identityLabels.podName]}`);
  return [...new Set(users)].sort();
}

const statuses: Readonly<Record<ImageStoreErrorCode, number>> = {
  incomplete: 409,
  busy: 409,
  damaged: 422,
  platform: 422,
  'disk-full': 507,
  unsupported: 501,
};

function toRefusal(error: unknown): unknown {
  if (error instanceof ImageStoreError) return new RefusedError(statuses[error.code], error.message);
  // What is retried after another check.
  if (isRuntimeError(error, 'invalid')) return new RefusedError(409, error.message);
  if (isRuntimeError(error, 'unavailable'))
    return new RefusedError(503, `containerd does not answer: ${error.message}`);
  return error;
}

async function readJson(body: AsyncIterable<Buffer>): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > jsonBytesMax) throw new RefusedError(413, `the body is larger than ${jsonBytesMax} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks, length).toString('utf8'));
  } catch {
    throw new RefusedError(400, 'the body is not JSON');
  }
}

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? '';
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}
