import type { KubeObject, Stored } from '#api/meta.ts';
import { apiVersionOf, type ResourceType } from '#api/resource-type.ts';
import { deepFreeze, isStored } from '#client/stored.ts';
import type { CachedObject } from '../registry/registry.ts';

/**
 * Between objects and JSON of one kind. What is stored has no resourceVersion, as kube-apiserver stores it; what is served
 * does. Both start with apiVersion, kind and metadata in this order, so that one is made from the other by a splice.
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

export interface CodecOptions {
  /** Entries hold their JSON alone, and parse it each time that somebody asks for the object. */
  readonly readSeldom?: boolean | undefined;
}

export function createCodec<T extends KubeObject>(type: ResourceType<T>, options: CodecOptions = {}): Codec<T> {
  const apiVersion = apiVersionOf(type);
  const { kind } = type;
  const head = `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind)},"metadata":{`;

  const splice = (rest: string, revision: number): string => `${head}"resourceVersion":"${revision}",${rest}`;

  const entryOf = (object: KubeObject, json: string, revision: number): CachedObject<T> => {
    const stored = storedFrom(object);
    return options.readSeldom ? new TextEntry(json, revision, parse) : parsedEntry(stored, json, revision);
  };

  const parsedEntry = (object: Stored<T>, json: string, revision: number): CachedObject<T> =>
    Object.freeze({ object: deepFreeze(object), json, revision });

  const storedFrom = (object: unknown): Stored<T> => {
    if (!isStored(type, object)) throw new TypeError(`this is not a stored ${kind}`);
    return object;
  };

  const parse = (json: string): Stored<T> => deepFreeze(storedFrom(JSON.parse(json)));

  const encode = (object: KubeObject): Draft<T> => {
    const { managedFields: _, selfLink: __, ...metadata } = object.metadata ?? {};
    metadata.resourceVersion = undefined;
    const identity = { apiVersion, kind, metadata };
    // The first argument fixes the order of the fields, the last one their values.
    const canonical = Object.assign({ ...identity }, object, identity);
    const text = JSON.stringify(canonical);
    let finished: CachedObject<T> | undefined;
    return {
      value: Buffer.from(text),
      finish(revision) {
        if (finished?.revision === revision) return finished;
        if (finished) throw new Error(`a draft was written twice: at ${finished.revision} and at ${revision}`);
        metadata.resourceVersion = String(revision);
        finished = entryOf(canonical, splice(text.slice(head.length), revision), revision);
        return finished;
      },
    };
  };

  return {
    encode,
    preview(object) {
      const metadata = { ...object.metadata, managedFields: undefined, resourceVersion: '' };
      const shown = storedFrom({ ...object, apiVersion, kind, metadata });
      return parsedEntry(shown, encode(object).value.toString(), 0);
    },
    decode(value, revision) {
      const text = value.toString();
      const object: KubeObject | null = JSON.parse(text);
      if (object?.apiVersion !== apiVersion || object.kind !== kind) {
        throw new TypeError(`this is ${object?.apiVersion} ${object?.kind}, not ${apiVersion} ${kind}`);
      }
      if (!text.startsWith(head) || !object.metadata || 'resourceVersion' in object.metadata)
        return encode(object).finish(revision);
      object.metadata.resourceVersion = String(revision);
      return entryOf(object, splice(text.slice(head.length), revision), revision);
    },
    withRevision(entry, revision) {
      const { object, json } = entry;
      const rest = json.slice(head.length + `"resourceVersion":"${entry.revision}",`.length);
      const metadata = Object.freeze({ ...object.metadata, resourceVersion: String(revision) });
      return Object.freeze({ object: Object.freeze({ ...object, metadata }), json: splice(rest, revision), revision });
    },
  };
}

/** A thousand bytes of text become three thousand of objects. */
class TextEntry<T extends KubeObject> implements CachedObject<T> {
  readonly json: string;
  readonly revision: number;
  readonly #parse: (json: string) => Stored<T>;

  constructor(json: string, revision: number, parse: (json: string) => Stored<T>) {
    this.json = json;
    this.revision = revision;
    this.#parse = parse;
    Object.freeze(this);
  }

  get object(): Stored<T> {
    return this.#parse(this.json);
  }
}
