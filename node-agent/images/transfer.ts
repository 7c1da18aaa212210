/** What a client and an agent say to each other when an image is put on a node; bodies of /images/… as JSON. */
import { isJsonObject } from '#api/schema/record.ts';

/** A blob by its digest: a layer, a configuration, a manifest. */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** `POST /images/check`: which of these blobs does the node lack? It keeps those it has until the load is through. */
export interface CheckRequest {
  readonly target: Descriptor;
  readonly blobs: readonly Descriptor[];
}

export interface MissingBlob {
  readonly digest: string;
  /** What the node has of it already, from a load that broke off. Bytes. */
  readonly offset: number;
}

export interface CheckAnswer {
  readonly missing: readonly MissingBlob[];
}

/** `POST /images/commit`: gives the names to the image, all of whose blobs are there. */
export interface CommitRequest {
  readonly target: Descriptor;
  /** Complete references, as `docker.io/library/busybox:1`. */
  readonly names: readonly string[];
}

export interface CommitAnswer {
  /** The image's id: the digest of its configuration. */
  readonly id: string;
}

/** `GET /images`. */
export interface ImagesAnswer {
  readonly images: readonly NodeImage[];
}

export interface NodeImage {
  readonly id: string;
  readonly names: readonly string[];
  readonly digests: readonly string[];
  readonly sizeBytes: number;
}

/** More layers than any real image has, and few enough to hold. */
const blobsMax = 1000;
const namesMax = 100;

export const isDigest = (value: unknown): value is string =>
  typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);

const isSize = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

export const isDescriptor = (value: unknown): value is Descriptor =>
  isJsonObject(value) && typeof value.mediaType === 'string' && isDigest(value.digest) && isSize(value.size);

export const isCheckRequest = (value: unknown): value is CheckRequest =>
  isJsonObject(value) && isDescriptor(value.target) && isListOf(value.blobs, isDescriptor, blobsMax);

export const isCheckAnswer = (value: unknown): value is CheckAnswer =>
  isJsonObject(value) &&
  isListOf(
    value.missing,
    (one): one is MissingBlob => isJsonObject(one) && isDigest(one.digest) && isSize(one.offset),
    blobsMax,
  );

export const isCommitRequest = (value: unknown): value is CommitRequest =>
  isJsonObject(value) && isDescriptor(value.target) && isListOf(value.names, isText, namesMax);

export const isCommitAnswer = (value: unknown): value is CommitAnswer => isJsonObject(value) && isText(value.id);

export const isImagesAnswer = (value: unknown): value is ImagesAnswer =>
  isJsonObject(value) && isListOf(value.images, isNodeImage, Number.POSITIVE_INFINITY);

const isNodeImage = (value: unknown): value is NodeImage =>
  isJsonObject(value) &&
  isText(value.id) &&
  isListOf(value.names, isText, Number.POSITIVE_INFINITY) &&
  isListOf(value.digests, isText, Number.POSITIVE_INFINITY) &&
  isSize(value.sizeBytes);

const isText = (value: unknown): value is string => typeof value === 'string';

function isListOf<T>(value: unknown, isOne: (one: unknown) => one is T, max: number): value is T[] {
  return Array.isArray(value) && value.length <= max && value.every(isOne);
}
