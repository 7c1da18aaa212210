import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTestCertificates } from '#test/harness/certs.ts';
import { registryAuths } from './credentials.ts';
import { writeFolder } from './folder.ts';
import { hostsFiles } from './hosts-files.ts';
import { parseRegistries } from './setting.ts';

let ca: string;
beforeAll(async () => {
  ca = (await createTestCertificates()).ca.cert;
});

const indent = (text: string) => text.trimEnd().replaceAll('\n', '\n        ');

const full = () =>
  parseRegistries(`
mirrors:
  docker.io:
    endpoint: [https://mirror.example:5000, "https://harbor.example/v2/hub", http://plain.example/some/path]
  "*":
    endpoint: [https://mirror.example:5000]
configs:
  mirror.example:5000:
    auth: {username: anna, password: secret}
    tls:
      ca: |
        ${indent(ca)}
  registry.example:
    tls: {ca_file: /etc/ssl/own.pem, insecure_skip_verify: true}
  docker.io:
    auth: {auth: ${Buffer.from('hub:pass').toString('base64')}}
`);

describe("containerd's files", () => {
  it('name mirrors in their order, with authorities by the name of their content', () => {
    const files = hostsFiles(full());
    const [pem] = [...files.keys()].filter((path) => path.startsWith('docker.io/ca-'));
    expect(files.get(pem ?? '')?.trim()).toBe(ca.trim());
    expect(files.get('docker.io/hosts.toml')?.split('\n').slice(1)).toEqual([
      'server = "https://registry-1.docker.io"',
      '[host]',
      '[host."https://mirror.example:5000"]',
      'capabilities = ["pull", "resolve"]',
      `ca = ["${pem?.replace('docker.io/', '')}"]`,
      '[host."https://harbor.example/v2/hub"]',
      'capabilities = ["pull", "resolve"]',
      'override_path = true',
      '[host."http://plain.example/some/path"]',
      'capabilities = ["pull", "resolve"]',
      'override_path = true',
      '',
    ]);
    expect(files.get('_default/hosts.toml')).toContain('[host."https://mirror.example:5000"]');
    expect(files.get('_default/hosts.toml')).not.toContain('server');
  });

  it('say how a registry without a mirror of its own is trusted; the mirror of all others holds for it too', () => {
    const lines = hostsFiles(full()).get('registry.example/hosts.toml')?.split('\n') ?? [];
    expect(lines.slice(1, 6)).toEqual([
      'server = "https://registry.example"',
      'ca = ["/etc/ssl/own.pem"]',
      'skip_verify = true',
      '[host]',
      '[host."https://mirror.example:5000"]',
    ]);
  });

  it('are written for root only, replaced, and removed with what is not needed any more', async () => {
    const root = mkdtempSync(join(tmpdir(), 'berth-certs-'));
    await writeFolder(root, hostsFiles(full()));
    expect(statSync(join(root, 'docker.io/hosts.toml')).mode & 0o777).toBe(0o600);
    expect(readdirSync(root).sort()).toEqual(['_default', 'docker.io', 'mirror.example:5000', 'registry.example']);
    writeFileSync(join(root, 'docker.io/ca-old.pem'), 'old');
    await writeFolder(root, hostsFiles(parseRegistries('mirrors: {docker.io: {endpoint: ["https://two.example"]}}')));
    expect(readdirSync(root)).toEqual(['docker.io']);
    expect(readdirSync(join(root, 'docker.io'))).toEqual(['hosts.toml']);
    expect(readFileSync(join(root, 'docker.io/hosts.toml'), 'utf8')).toContain('two.example');
    await writeFolder(root, new Map());
    expect(readdirSync(root)).toEqual([]);
    rmSync(root, { recursive: true });
  });
});

describe("the cluster's credentials", () => {
  it('are for those who are asked, in their order, and shown to nobody else', () => {
    const mirror = { username: 'anna', password: 'secret', serverAddress: 'https://mirror.example:5000' };
    const hub = { auth: Buffer.from('hub:pass').toString('base64'), serverAddress: 'https://registry-1.docker.io' };
    expect(registryAuths(full(), 'busybox')).toEqual([mirror, hub]);
    expect(registryAuths(full(), 'other.example/x:1')).toEqual([mirror]);
    expect(registryAuths(parseRegistries(''), 'busybox')).toEqual([]);
    expect(registryAuths(full(), 'NOT an image')).toEqual([]);
  });
});

describe('a setting that cannot be used', () => {
  it.each([
    ['mirrors: [', 'it is not YAML'],
    ['- a', 'it must be a map'],
    ['mirror: {}', 'it has the unknown field "mirror"; known are mirrors, configs'],
    ['mirrors: {docker.io: {endpoint: https://x}}', 'mirrors."docker.io".endpoint must be a list of URLs'],
    ['mirrors: {docker.io: {endpoint: ["x"]}}', 'mirrors."docker.io".endpoint[0] must be a URL'],
    ['mirrors: {docker.io: {endpoint: ["https://u:p@x"]}}', 'must be a URL'],
    ['mirrors: {docker.io: {endpoint: [], rewrite: {a: b}}}', 'rewrite cannot be: containerd does not rewrite'],
    ['mirrors: {"../x": {endpoint: []}}', 'the name must be a host'],
    ['configs: {"https://x": {}}', 'the name must be a host'],
    ['configs: {x.y: {auth: {username: a}}}', 'configs."x.y".auth needs username and password'],
    ['configs: {x.y: {auth: {username: 1, password: a}}}', 'configs."x.y".auth.username must be text'],
    ['configs: {x.y: {auth: {auth: "!"}}}', 'auth must be base64'],
    ['configs: {x.y: {tls: {ca: hello}}}', 'configs."x.y".tls.ca must be PEM'],
    ['configs: {x.y: {tls: {ca: "-----BEGIN CERTIFICATE-----"}}}', 'must hold certificates in PEM'],
    ['configs: {x.y: {tls: {ca_file: ca.pem}}}', 'must be an absolute path'],
    ['configs: {x.y: {tls: {cert_file: /a}}}', 'needs both cert and key'],
    ['configs: {x.y: {tls: {insecure_skip_verify: "yes"}}}', 'must be true or false'],
  ])('%s', (text, message) => {
    expect(() => parseRegistries(text)).toThrow(message);
  });
});
