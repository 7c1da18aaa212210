import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { isJsonObject } from '#api/schema/record.ts';
import { messageOf } from '#base/error-message.ts';
import type { ClusterAccess } from './access.ts';

/** A kubeconfig that cannot be used. The message names the file and the field. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

export interface KubeconfigOptions {
  /** Read in order; the first that says something wins, as $KUBECONFIG's list. Files that are not there are passed over. */
  readonly files: readonly string[];
  /** Default: the current context. */
  readonly context?: string | undefined;
}

/**
 * Where kubectl would look: the file of the flag alone, or else the list in $KUBECONFIG, or else ~/.kube/config, in place of
 * which `instead` may name another. `env` is the process's environment.
 */
export function kubeconfigFiles(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  instead: (home: string) => string | undefined = () => undefined,
): readonly string[] {
  if (flag) return [flag];
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter(Boolean);
  if (listed.length > 0) return listed;
  const home = join(env.HOME ?? homedir(), '.kube', 'config');
  return [instead(home) ?? home];
}

type Fields = Readonly<Record<string, unknown>>;

interface NamedEntry {
  readonly file: string;
  readonly value: Fields;
}

/** Throws a KubeconfigError when no file is there, or what is needed of them is missing or wrong. */
export function loadKubeconfig(options: KubeconfigOptions): ClusterAccess {
  const files = options.files.map(readConfig).filter((file) => file !== undefined);
  const listed = options.files.join(', ');
  if (files.length === 0) throw new KubeconfigError(`no kubeconfig found (looked for ${listed})`);
  const contextName = options.context ?? files.map(({ value }) => text(value, 'current-context')).find(Boolean);
  if (!contextName) throw new KubeconfigError(`${listed}: current-context is not set`);
  const find = (list: string, field: string, name: string): NamedEntry => {
    const found = findNamed(files, list, field, name);
    if (!found) throw new KubeconfigError(`${listed}: there is no ${field} ${JSON.stringify(name)}`);
    return found;
  };
  const context = find('contexts', 'context', contextName);
  const clusterName = text(context.value, 'cluster');
  if (!clusterName)
    throw new KubeconfigError(`${context.file}: context ${JSON.stringify(contextName)} names no cluster`);
  const cluster = find('clusters', 'cluster', clusterName);
  const server = text(cluster.value, 'server');
  if (!server || !URL.canParse(server)) {
    throw new KubeconfigError(
      `${cluster.file}: cluster ${JSON.stringify(clusterName)}: server is missing or not a URL`,
    );
  }
  const insecureSkipTlsVerify = cluster.value['insecure-skip-tls-verify'] === true;
  const ca = inlineOrFile(cluster, 'certificate-authority', 'CERTIFICATE');
  if (ca !== undefined && insecureSkipTlsVerify) {
    throw new KubeconfigError(
      `${cluster.file}: cluster ${JSON.stringify(clusterName)}: certificate-authority and insecure-skip-tls-verify exclude each other`,
    );
  }
  const userName = text(context.value, 'user');
  const user = userName ? find('users', 'user', userName) : undefined;
  return {
    server: server.replace(/\/+$/, ''),
    ca,
    insecureSkipTlsVerify,
    tlsServerName: text(cluster.value, 'tls-server-name'),
    namespace: text(context.value, 'namespace'),
    ...(user && userOf(user)),
  };
}

function userOf(user: NamedEntry): Pick<ClusterAccess, 'clientCert' | 'clientKey' | 'token'> {
  for (const unsupported of ['exec', 'auth-provider', 'username']) {
    if (user.value[unsupported] !== undefined) {
      throw new KubeconfigError(
        `${user.file}: users that log in by ${unsupported} are not supported; use a client certificate or a token`,
      );
    }
  }
  const tokenFile = text(user.value, 'tokenFile');
  const clientCert = inlineOrFile(user, 'client-certificate', 'CERTIFICATE');
  const clientKey = inlineOrFile(user, 'client-key', 'PRIVATE KEY');
  if ((clientCert === undefined) !== (clientKey === undefined)) {
    const [there, missing] = clientCert ? ['client-certificate', 'client-key'] : ['client-key', 'client-certificate'];
    throw new KubeconfigError(`${user.file}: a user has a ${there} but no ${missing}`);
  }
  return {
    clientCert,
    clientKey,
    token: text(user.value, 'token') ?? (tokenFile && readBeside(user.file, tokenFile, 'tokenFile').trim()),
  };
}

function readConfig(file: string): NamedEntry | undefined {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new KubeconfigError(`${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  try {
    const value: unknown = parse(content);
    if (value === null || value === undefined) return { file, value: {} };
    if (!isJsonObject(value)) throw new Error('it is not a mapping');
    return { file, value };
  } catch (error) {
    throw new KubeconfigError(`${file} is not a kubeconfig: ${messageOf(error)}`, { cause: error });
  }
}

function findNamed(files: readonly NamedEntry[], list: string, field: string, name: string): NamedEntry | undefined {
  for (const { file, value } of files) {
    const entries: unknown = value[list];
    if (!Array.isArray(entries)) continue;
    const entry: unknown = entries.find((one) => isJsonObject(one) && one.name === name);
    const inner: unknown = isJsonObject(entry) ? entry[field] : undefined;
    if (isJsonObject(inner)) return { file, value: inner };
  }
  return undefined;
}

/** `<field>-data` is base64 and wins over `<field>`, a path relative to the kubeconfig. Both hold PEM. */
function inlineOrFile(entry: NamedEntry, field: string, kind: string): string | undefined {
  const data = text(entry.value, `${field}-data`);
  const path = text(entry.value, field);
  if (!data && !path) return undefined;
  const pem = data ? Buffer.from(data, 'base64').toString('utf8') : readBeside(entry.file, path ?? '', field);
  if (pem.includes(`${kind}-----`)) return pem;
  const where = data ? `${field}-data` : `${field} (${path})`;
  throw new KubeconfigError(`${entry.file}: ${where} holds no PEM block of a ${kind.toLowerCase()}`);
}

function readBeside(file: string, path: string, field: string): string {
  try {
    return readFileSync(resolve(dirname(file), path), 'utf8');
  } catch (error) {
    throw new KubeconfigError(`${file}: ${field}: ${messageOf(error)}`, { cause: error });
  }
}

function text(value: Fields, field: string): string | undefined {
  const found = value[field];
  return typeof found === 'string' && found !== '' ? found : undefined;
}
