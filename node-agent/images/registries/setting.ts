/** The cluster's setting of registries: k3s' registries.yaml in a Secret. */
import { X509Certificate } from 'node:crypto';
import { parseDocument } from 'yaml';
import { isJsonObject } from '#api/schema/record.ts';
import type { ImageAuth } from '../../runtime/runtime.ts';

export interface Registries {
  /** By the registry's host as it stands in image names, or `*` for all others: where to look first. */
  readonly mirrors: ReadonlyMap<string, readonly URL[]>;
  /** By host, with the port where there is one. */
  readonly configs: ReadonlyMap<string, RegistryConfig>;
}

export interface RegistryConfig {
  readonly auth: ImageAuth | undefined;
  readonly tls: RegistryTls | undefined;
}

export interface RegistryTls {
  readonly ca: PemSource | undefined;
  readonly cert: PemSource | undefined;
  readonly key: PemSource | undefined;
  readonly insecureSkipVerify: boolean;
}

/** In the setting itself, or a file that is on every node already. */
export type PemSource = { readonly pem: string } | { readonly file: string };

/** Throws an Error whose message names the place and what is wrong there. */
export function parseRegistries(text: string): Registries {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) throw new Error(`it is not YAML: ${error.message.split('\n')[0]}`);
  const value: unknown = document.toJS();
  if (value === null || value === undefined) return { mirrors: new Map(), configs: new Map() };
  const root = fields(value, 'it', ['mirrors', 'configs']);
  return {
    mirrors: mapOf(root.mirrors, 'mirrors', parseMirror),
    configs: mapOf(root.configs, 'configs', parseConfig),
  };
}

function parseMirror(value: unknown, place: string, host: string): readonly URL[] {
  if (host !== '*') mustBeHost(host, place);
  const { endpoint, rewrite } = fields(value, place, ['endpoint', 'rewrite']);
  if (rewrite !== undefined) {
    throw new Error(`${place}.rewrite cannot be: containerd does not rewrite names. Give the endpoint a path instead`);
  }
  if (!Array.isArray(endpoint)) throw new Error(`${place}.endpoint must be a list of URLs`);
  return endpoint.map((one: unknown, index) => {
    const url = typeof one === 'string' && URL.canParse(one) ? new URL(one) : undefined;
    if (!url || !['http:', 'https:'].includes(url.protocol) || url.username || url.search || url.hash) {
      throw new Error(`${place}.endpoint[${index}] must be a URL such as https://mirror.example:5000`);
    }
    return url;
  });
}

function parseConfig(value: unknown, place: string, host: string): RegistryConfig {
  mustBeHost(host, place);
  const { auth, tls } = fields(value, place, ['auth', 'tls']);
  return {
    auth: auth === undefined || auth === null ? undefined : parseAuth(auth, `${place}.auth`),
    tls: tls === undefined || tls === null ? undefined : parseTls(tls, `${place}.tls`),
  };
}

function parseAuth(value: unknown, place: string): ImageAuth {
  const found = fields(value, place, ['username', 'password', 'auth', 'identity_token']);
  const [username, password, auth, identityToken] = ['username', 'password', 'auth', 'identity_token'].map((name) =>
    textAt(found, name, place),
  );
  if (auth !== undefined && !Buffer.from(auth, 'base64').toString('utf8').includes(':')) {
    throw new Error(`${place}.auth must be base64 of <user>:<password>`);
  }
  if (auth === undefined && identityToken === undefined && (username === undefined || password === undefined)) {
    throw new Error(`${place} needs username and password, or auth, or identity_token`);
  }
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(auth !== undefined && { auth }),
    ...(identityToken !== undefined && { identityToken }),
  };
}

function parseTls(value: unknown, place: string): RegistryTls {
  const names = ['ca', 'ca_file', 'cert', 'cert_file', 'key', 'key_file', 'insecure_skip_verify'];
  const found = fields(value, place, names);
  const skip = found.insecure_skip_verify;
  if (skip !== undefined && typeof skip !== 'boolean') {
    throw new Error(`${place}.insecure_skip_verify must be true or false`);
  }
  const source = (name: string): PemSource | undefined => {
    const pem = textAt(found, name, place);
    const file = textAt(found, `${name}_file`, place);
    if (pem !== undefined && file !== undefined) throw new Error(`${place} has both ${name} and ${name}_file`);
    if (pem !== undefined) return { pem: mustBePem(pem, `${place}.${name}`) };
    if (file === undefined) return undefined;
    if (!file.startsWith('/')) throw new Error(`${place}.${name}_file must be an absolute path`);
    return { file };
  };
  const [ca, cert, key] = [source('ca'), source('cert'), source('key')];
  if ((cert === undefined) !== (key === undefined)) throw new Error(`${place} needs both cert and key, or neither`);
  if (ca && 'pem' in ca) mustBeCertificates(ca.pem, `${place}.ca`);
  return { ca, cert, key, insecureSkipVerify: skip ?? false };
}

function mustBePem(text: string, place: string): string {
  if (/-----BEGIN [A-Z0-9 ]+-----/.test(text)) return `${text.trim()}\n`;
  throw new Error(`${place} must be PEM, beginning with -----BEGIN`);
}

function mustBeCertificates(pem: string, place: string): void {
  const all = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (all.length === 0) throw new Error('there is none');
    for (const one of all) new X509Certificate(one);
  } catch (cause) {
    throw new Error(`${place} must hold certificates in PEM`, { cause });
  }
}

function mustBeHost(host: string, place: string): void {
  if (/^[A-Za-z0-9.-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:]+\](:\d{1,5})?$/.test(host)) return;
  throw new Error(`${place}: the name must be a host as in image names, such as registry.example:5000`);
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown, place: string, known: readonly string[]): Fields {
  if (value === null) return {};
  if (!isJsonObject(value)) throw new Error(`${place} must be a map`);
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown === undefined) return value;
  throw new Error(`${place} has the unknown field ${JSON.stringify(unknown)}; known are ${known.join(', ')}`);
}

function textAt(found: Fields, name: string, place: string): string | undefined {
  const value = found[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value === '') throw new Error(`${place}.${name} must be text`);
  return value;
}

function mapOf<T>(
  value: unknown,
  place: string,
  parse: (one: unknown, place: string, name: string) => T,
): ReadonlyMap<string, T> {
  if (value === undefined || value === null) return new Map();
  if (!isJsonObject(value)) throw new Error(`${place} must be a map by host`);
  return new Map(
    Object.entries(value).map(([name, one]) => [name, parse(one, `${place}.${JSON.stringify(name)}`, name)]),
  );
}
