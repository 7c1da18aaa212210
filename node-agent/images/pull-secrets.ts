/** imagePullSecrets: which credentials of a pod are for which registry. */
import type { ImageAuth } from '../runtime/runtime.ts';
import { parseImageName } from './reference.ts';

export interface PullSecret {
  readonly type: string;
  /** As in the API: base64. */
  readonly data: Readonly<Record<string, string>>;
}

interface Credential {
  /** Host of the registry, `*` allowed in its parts, with a path prefix perhaps. */
  readonly place: string;
  readonly auth: ImageAuth;
}

const fields: Readonly<Record<string, string>> = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
};

/** Credentials that fit the image, the closest first, each once. What cannot be read is left out. */
export function findAuths(image: string, secrets: readonly PullSecret[]): ImageAuth[] {
  const reference = parseImageName(image);
  if (!reference) return [];
  const found = secrets
    .flatMap(readSecret)
    .filter(({ place }) => fits(place, reference.registry, reference.repository))
    .sort((a, b) => b.place.length - a.place.length);
  const seen = new Set<string>();
  return found.flatMap(({ auth }) => {
    const key = JSON.stringify(auth);
    if (seen.has(key)) return [];
    seen.add(key);
    return [auth];
  });
}

function readSecret({ type, data }: PullSecret): Credential[] {
  const text = data[fields[type] ?? ''];
  if (text === undefined) return [];
  const config = parseObject(Buffer.from(text, 'base64').toString('utf8'));
  const entries = type === 'kubernetes.io/dockercfg' ? config : objectOf(config.auths);
  return Object.entries(entries).map(([place, entry]) => ({
    place: normalise(place),
    auth: readAuth(objectOf(entry)),
  }));
}

function readAuth(entry: Readonly<Record<string, unknown>>): ImageAuth {
  const text = (name: string): string | undefined => {
    const value = entry[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [user, ...rest] = Buffer.from(text('auth') ?? '', 'base64')
    .toString('utf8')
    .split(':');
  const username = text('username') ?? (user || undefined);
  const password = text('password') ?? (rest.length > 0 ? rest.join(':') : undefined);
  const identityToken = text('identitytoken');
  const registryToken = text('registrytoken');
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(identityToken === undefined ? {} : { identityToken }),
    ...(registryToken === undefined ? {} : { registryToken }),
  };
}

/** `https://index.docker.io/v1/` is how docker writes Docker Hub. */
function normalise(place: string): string {
  const bare = place.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const withoutVersion = bare.replace(/\/v[12]$/, '');
  return withoutVersion.replace(/^(index|registry-1)\.docker\.io(?=\/|$)/, 'docker.io');
}

function fits(place: string, registry: string, repository: string): boolean {
  const slash = place.indexOf('/');
  const host = slash < 0 ? place : place.slice(0, slash);
  const path = slash < 0 ? '' : place.slice(slash + 1);
  const [name = '', port] = splitPort(host);
  const [ownName = '', ownPort] = splitPort(registry);
  const wanted = name.split('.');
  const parts = ownName.split('.');
  if (port !== ownPort || wanted.length !== parts.length) return false;
  if (!wanted.every((part, index) => globFits(part, parts[index] ?? ''))) return false;
  return path === '' || repository === path || repository.startsWith(`${path}/`);
}

function splitPort(host: string): [string, string | undefined] {
  const match = /^(.*?)(?::(\d+))?$/.exec(host);
  return [match?.[1] ?? host, match?.[2]];
}

function globFits(pattern: string, text: string): boolean {
  if (!pattern.includes('*')) return pattern === text;
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^.]*')}$`).test(text);
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
