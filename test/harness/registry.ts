/** Debian's docker-registry as a process, with TLS and a password, in a folder of its own. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { createRealRandom } from '#base/real/random.ts';
import { openArchive } from '#cli/image/archive/file.ts';
import { readArchive } from '#cli/image/archive/read.ts';
import type { KeyPair } from '#host/key-pair.ts';
import { hostLayout } from '#host/layout.ts';
import { machineAddress } from '#host/machine.ts';
import { requireCommand } from '#host/packages.ts';
import { createAuthority, issueCertificate } from '#host/pki.ts';
import { eventually } from './eventually.ts';
import { claim } from './owned.ts';
import { freePorts } from './ports.ts';

export interface TestRegistry {
  /** `192.0.2.7:21700`, as in image names. */
  readonly host: string;
  /** PEM of the authority that signed its certificate. */
  readonly ca: string;
  readonly username: string;
  readonly password: string;
  /** Stores an image, under a repository and tag: `tools:1`. */
  push(name: string, archive: Buffer): Promise<void>;
  /** What was asked of it, as `GET /v2/tools/manifests/1`. */
  requests(): readonly string[];
  stop(): Promise<void>;
}

const username = 'anna';
const password = 'correct horse';
/** bcrypt of the password, at its lowest cost. */
const passwordHash = '$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2';

export async function startRegistry(): Promise<TestRegistry> {
  const folder = mkdtempSync('/var/tmp/berth-test-registry-');
  claim(folder, hostLayout(folder));
  const port = await freePorts(1);
  // Not loopback: there containerd speaks HTTP by itself, without any certificate.
  const address = machineAddress();
  const host = `${address}:${port}`;
  const nowMs = Date.now();
  const authority = await createAuthority('registry-ca', 2, nowMs);
  const serving = await issueCertificate(authority, { commonName: 'registry', hosts: [address], days: 2 }, nowMs);
  const logFile = join(folder, 'registry.log');
  writeFiles(folder, host, serving);
  const log = openSync(logFile, 'a');
  const child = spawn(requireCommand('docker-registry'), ['serve', join(folder, 'config.yml')], {
    stdio: ['ignore', log, log],
    env: { PATH: process.env.PATH, OTEL_TRACES_EXPORTER: 'none' },
  });
  closeSync(log);
  const dispatcher = new Agent({ connect: { ca: authority.cert } });
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const ask = async (method: 'GET' | 'HEAD' | 'POST' | 'PUT', url: string, body?: Buffer, type?: string) => {
    const response = await request(new URL(url, `https://${host}`), {
      method,
      dispatcher,
      headers: { authorization, ...(type !== undefined && { 'content-type': type }) },
      body: body ?? null,
    });
    const text = await response.body.text();
    if (response.statusCode >= 400) throw new Error(`${method} ${url}: ${response.statusCode} ${text}`);
    return response.headers;
  };
  const pending = () => readFileSync(logFile, 'utf8').slice(-2000);
  await eventually(() => ask('GET', '/v2/'), { everyMs: 20, withinMs: 15_000, pending });

  return {
    host,
    ca: authority.cert,
    username,
    password,
    async push(name, archive) {
      const [repository = '', tag = 'latest'] = name.split(':');
      const path = join(folder, 'push.tar');
      writeFileSync(path, archive);
      const signal = new AbortController().signal;
      const file = await openArchive({ file: path, stdin: process.stdin, random: createRealRandom(), signal });
      try {
        const [image] = await readArchive(file, `${host}/${name}`);
        for (const blob of image?.variants[0]?.blobs ?? []) {
          const bytes = Buffer.concat(await Array.fromAsync(blob.stream(0)));
          if (blob.digest === image?.target.digest) {
            await ask('PUT', `/v2/${repository}/manifests/${tag}`, bytes, blob.mediaType);
            continue;
          }
          const { location } = await ask('POST', `/v2/${repository}/blobs/uploads/`);
          const upload = new URL(String(location), `https://${host}`);
          upload.searchParams.set('digest', blob.digest);
          await ask('PUT', upload.href, bytes, 'application/octet-stream');
        }
      } finally {
        await file.close();
      }
    },
    requests: () =>
      [...readFileSync(logFile, 'utf8').matchAll(/"((?:GET|HEAD) \/v2\/\S*) HTTP/g)].map((match) => match[1] ?? ''),
    async stop() {
      await dispatcher.destroy();
      const gone = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.signalCode === null && child.kill()) await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeFiles(folder: string, host: string, { cert, key }: KeyPair): void {
  const data = join(folder, 'data');
  mkdirSync(data);
  writeFileSync(join(folder, 'tls.crt'), cert);
  writeFileSync(join(folder, 'tls.key'), key, { mode: 0o600 });
  writeFileSync(join(folder, 'htpasswd'), `${username}:${passwordHash}\n`);
  const config = {
    version: '0.1',
    log: { accesslog: { disabled: false }, level: 'warn' },
    storage: { filesystem: { rootdirectory: data } },
    http: { addr: host, tls: { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') } },
    auth: { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } },
  };
  // JSON is YAML.
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config));
}
