import type { KubeObject, Stored } from '#api/meta.ts';
import { apiVersionOf, type ResourceType } from '#api/resource-type.ts';
import { deepFreeze, isStored } from '#client/stored.ts';
import type { CachedObject } from '../registry/registry.ts';

/**
 * Between objects and bytes of one kind. Stored bytes have no resourceVersion, as kube-apiserver stores them; served bytes
 * do. Both start with apiVersion, kind and metadata in this order, so that one is made from the other by a splice.
 */
export interface Codec<T extends KubeObject> {
  /** Takes the object over: the caller may not change it any more. */
  encode(object: T): Draft<T>;
  /** What a dry run answers: the object with an empty resourceVersion, which its JSON leaves out. */
  preview(object: T): CachedObject<T>;
  /** Throws when the bytes are no object of this kind. */
  decode(value: Buffer, revision: number): CachedObject<T>;
  /** The same state under another version: what a deletion event carries. */
  withRevision(entry: CachedObject<T>, revision: number): CachedObject<T>;
}

/** An object that is about to be written. */
export interface Draft<T extends KubeObject> {
  readonly value: Buffer;
  /** The entry once the revision is known; always the same one. */
  finish(revision: number): CachedObject<T>;
}

export function createCodec<T extends KubeObject>(type: ResourceType<T>): Codec<T> {
  const apiVersion = apiVersionOf(type);
  const { kind } = type;
  const head = Buffer.from(`{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind)},"metadata":{`);

  // Not from Node's pool: an entry lives long, and would hold on to everything short-lived beside it there.
  const splice = (rest: Buffer, revision: number): Buffer => {
    const version = `"resourceVersion":"${revision}",`;
    const json = Buffer.allocUnsafeSlow(head.length + version.length + rest.length);
    head.copy(json);
    json.write(version, head.length, 'latin1');
    rest.copy(json, head.length + version.length);
    return json;
  };

  const entryOf = (object: KubeObject, json: Buffer, revision: number): CachedObject<T> => {
    if (!isStored(type, object)) throw new TypeError(`this is not a stored ${kind}`);
    return Object.freeze({ object: deepFreeze<Stored<T>>(object), json, revision });
  };

  const encode = (object: KubeObject): Draft<T> => {
    const { managedFields: _, selfLink: __, ...metadata } = object.metadata ?? {};
    metadata.resourceVersion = undefined;
    const identity = { apiVersion, kind, metadata };
    // The first argument fixes the order of the fields, the last one their values.
    const canonical = Object.assign({ ...identity }, object, identity);
    const value = Buffer.from(JSON.stringify(canonical));
    let finished: CachedObject<T> | undefined;
    return {
      value,
      finish(revision) {
        if (finished?.revision === revision) return finished;
        if (finished) throw new Error(`a draft was written twice: at ${finished.revision} and at ${revision}`);
        metadata.resourceVersion = String(revision);
        finished = entryOf(canonical, splice(value.subarray(head.length), revision), revision);
        return finished;
      },
    };
  };

  return {
    encode,
    preview(object) {
      const metadata = { ...object.metadata, managedFields: undefined, resourceVersion: '' };
      const { value } = encode(object);
      return entryOf({ ...object, apiVersion, kind, metadata }, value, 0);
    },
    decode(value, revision) {
      const object: KubeObject | null = JSON.parse(value.toString());
      if (object?.apiVersion !== apiVersion || object.kind !== kind) {
        throw new TypeError(`this is ${object?.apiVersion} ${object?.kind}, not ${apiVersion} ${kind}`);
      }
      const ours = value.length > head.length && value.compare(head, 0, head.length, 0, head.length) === 0;
      if (!ours || !object.metadata || 'resourceVersion' in object.metadata) return encode(object).finish(revision);
      object.metadata.resourceVersion = String(revision);
      return entryOf(object, splice(value.subarray(head.length), revision), revision);
    },
    withRevision(entry, revision) {
      const { object, json } = entry;
      const rest = json.subarray(head.length + `"resourceVersion":"${entry.revision}",`.length);
      const metadata = Object.freeze({ ...object.metadata, resourceVersion: String(revision) });
      return Object.freeze({ object: Object.freeze({ ...object, metadata }), json: splice(rest, revision), revision });
    },
  };
}
