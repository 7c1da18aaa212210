import { RuntimeError } from '../errors.ts';
import type { Image } from '../runtime.ts';

/** Images of a hollow runtime: everything is in the registry, and on this machine once pulled, unless told otherwise. */
export interface ImageShelf {
  find(image: string): Image | undefined;
  pull(image: string): Image;
  remove(image: string): void;
  list(): readonly Image[];
  /** From now on the registry does not have it. */
  setMissing(image: string, missing: boolean): void;
}

const sizeBytes = 10 * 2 ** 20;

export function createImageShelf(allPresent: boolean): ImageShelf {
  const images = new Map<string, Image>();
  const missing = new Set<string>();

  const add = (name: string): Image => {
    const reference = normalise(name);
    const digest = `sha256:${digestOf(reference)}`;
    const tagged = !reference.includes('@');
    const image: Image = {
      id: digest,
      repoTags: tagged ? [reference] : [],
      repoDigests: [`${reference.replace(/(@.*|:[^:/]*)$/, '')}@${digest}`],
      sizeBytes,
      pinned: false,
    };
    images.set(image.id, image);
    return image;
  };
  const find = (name: string): Image | undefined => {
    const reference = normalise(name);
    for (const image of images.values()) {
      if (image.id === name || image.repoTags.includes(reference) || image.repoDigests.includes(name)) return image;
    }
    return undefined;
  };

  return {
    find: (name) => find(name) ?? (allPresent && !missing.has(normalise(name)) && !isId(name) ? add(name) : undefined),
    pull(name) {
      if (missing.has(normalise(name))) {
        throw new RuntimeError('pull-failed', `failed to resolve reference "${normalise(name)}": not found`);
      }
      return find(name) ?? add(name);
    },
    remove(name) {
      const image = find(name);
      if (image) images.delete(image.id);
    },
    list: () => [...images.values()],
    setMissing(name, isMissing) {
      const reference = normalise(name);
      if (!isMissing) return void missing.delete(reference);
      missing.add(reference);
      const image = find(name);
      if (image) images.delete(image.id);
    },
  };
}

const isId = (name: string): boolean => name.startsWith('sha256:');

/** `nginx` is `docker.io/library/nginx:latest`, as every runtime says it. */
function normalise(name: string): string {
  if (isId(name)) return name;
  const slash = name.indexOf('/');
  const host = slash < 0 ? '' : name.slice(0, slash);
  const hasHost = /[.:]/.test(host) || host === 'localhost';
  const full = hasHost ? name : `docker.io/${slash < 0 ? 'library/' : ''}${name}`;
  return /(@sha256:|:[^/]+$)/.test(full) ? full : `${full}:latest`;
}

/** 64 hex digits that depend on nothing but the text (FNV-1a, continued). */
function digestOf(text: string): string {
  let hash = 0x811c9dc5;
  let digest = '';
  for (let round = 0; round < 8; round += 1) {
    for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
    digest += hash.toString(16).padStart(8, '0');
  }
  return digest;
}
