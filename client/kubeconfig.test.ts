import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type KubeconfigOptions, kubeconfigFiles, loadKubeconfig } from './kubeconfig.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-kubeconfig-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function write(content: unknown): string {
  const file = join(folder, `config-${files++}`);
  writeFileSync(file, typeof content === 'string' ? content : stringify(content));
  return file;
}

const pem = (kind: string): string => `-----BEGIN ${kind}-----\nAAAA\n-----END ${kind}-----\n`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const config = (cluster: object = {}, user: object = {}, context: object = {}) => ({
  'current-context': 'here',
  contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', ...context } }],
  clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443/', ...cluster } }],
  users: [{ name: 'u', user }],
});
const load = (content: unknown, options: Partial<KubeconfigOptions> = {}) =>
  loadKubeconfig({ files: [write(content)], ...options });

test('inline data, files beside the config, tokens and the namespace', () => {
  writeFileSync(join(folder, 'ca.crt'), pem('CERTIFICATE'));
  writeFileSync(join(folder, 'token'), 'secret\n');
  const key = pem('EC PRIVATE KEY');
  const user = { 'client-certificate-data': base64(pem('CERTIFICATE')), 'client-key-data': base64(key) };
  expect(
    load(config({ 'certificate-authority': 'ca.crt', 'tls-server-name': 'k8s' }, user, { namespace: 'web' })),
  ).toEqual({
    server: 'https://10.0.0.1:6443',
    ca: pem('CERTIFICATE'),
    insecureSkipTlsVerify: false,
    tlsServerName: 'k8s',
    namespace: 'web',
    clientCert: pem('CERTIFICATE'),
    clientKey: key,
    token: undefined,
  });
  expect(load(config({}, { tokenFile: 'token' })).token).toBe('secret');
  expect(load(config({ 'insecure-skip-tls-verify': true })).insecureSkipTlsVerify).toBe(true);
});

test('several files are merged: the first that says something wins, those not there are passed over', () => {
  const first = write({ 'current-context': 'there', users: [{ name: 'u', user: { token: 'first' } }] });
  const second = write({ ...config(), contexts: [{ name: 'there', context: { cluster: 'c', user: 'u' } }] });
  const access = loadKubeconfig({ files: [join(folder, 'missing'), first, second] });
  expect(access).toMatchObject({ server: 'https://10.0.0.1:6443', token: 'first' });
});

test('another context can be asked for', () => {
  const both = {
    ...config(),
    contexts: [...config().contexts, { name: 'b', context: { cluster: 'c', namespace: 'x' } }],
  };
  expect(load(both, { context: 'b' }).namespace).toBe('x');
});

test.each([
  ['clusters: [\n', /config-\d+ is not a kubeconfig: .*line 2/s],
  ['- a\n', /is not a kubeconfig: it is not a mapping/],
  [{}, /current-context is not set/],
  [{ ...config(), 'current-context': 'nowhere' }, /config-\d+: there is no context "nowhere"/],
  [{ ...config(), clusters: [] }, /there is no cluster "c"/],
  [{ ...config(), users: [] }, /there is no user "u"/],
  [config({ server: '' }), /cluster "c": server is missing or not a URL/],
  [config({ 'certificate-authority': 'nowhere.crt' }), /config-\d+: certificate-authority: .*nowhere.crt/],
  [
    config({ 'certificate-authority-data': base64('x') }),
    /certificate-authority-data holds no PEM block of a certificate/,
  ],
  [
    config({ 'certificate-authority-data': base64(pem('CERTIFICATE')), 'insecure-skip-tls-verify': true }),
    /certificate-authority and insecure-skip-tls-verify exclude each other/,
  ],
  [config({}, { 'client-key-data': base64(pem('PRIVATE KEY')) }), /a user has a client-key but no client-certificate/],
  [config({}, { exec: { command: 'aws' } }), /users that log in by exec are not supported/],
])('what is wrong is named: %j', (content, message) => {
  expect(() => load(content)).toThrow(message);
});

test('no file at all, and one that cannot be read', () => {
  expect(() => loadKubeconfig({ files: ['/nowhere/config'] })).toThrow(
    'no kubeconfig found (looked for /nowhere/config)',
  );
  expect(() => loadKubeconfig({ files: [folder] })).toThrow(`${folder} cannot be read`);
});

test('files are those that kubectl would look at', () => {
  expect(kubeconfigFiles('a', { KUBECONFIG: 'b', HOME: '/home/me' })).toEqual(['a']);
  expect(kubeconfigFiles(undefined, { KUBECONFIG: 'b::c', HOME: '/home/me' })).toEqual(['b', 'c']);
  expect(kubeconfigFiles(undefined, { HOME: '/home/me' })).toEqual(['/home/me/.kube/config']);
});

test('another file may stand in for the one at home, and for no other', () => {
  const instead = (home: string): string => `instead of ${home}`;
  expect(kubeconfigFiles(undefined, { HOME: '/home/me' }, instead)).toEqual(['instead of /home/me/.kube/config']);
  expect(kubeconfigFiles('a', {}, instead)).toEqual(['a']);
  expect(kubeconfigFiles(undefined, { KUBECONFIG: 'b' }, instead)).toEqual(['b']);
});
