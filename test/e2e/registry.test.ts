import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { V1Pod } from '#api/generated/types.ts';
import { secrets } from '#api/kinds.ts';
import { buildImageArchive, busyboxFiles } from '#host/images/build.ts';
import { eventually } from '../harness/eventually.ts';
import { type ImageCluster, startImageCluster } from '../harness/image-cluster.ts';
import { startRegistry, type TestRegistry } from '../harness/registry.ts';

let cluster: ImageCluster;
let registry: TestRegistry;

beforeAll(async () => {
  cluster = await startImageCluster({ prefix: 'brg', podCidr: '10.42.217.0/24' });
  registry = await startRegistry();
  for (const name of ['tools:1', 'tools:2', 'library/mirrored:1']) await registry.push(name, await tools(name));
});
afterAll(async () => {
  await registry?.stop();
  await cluster?.stop();
});

const tools = async (name: string) =>
  buildImageArchive({
    name,
    files: [...(await busyboxFiles()), { path: 'name', content: name }],
    entrypoint: ['/bin/sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'],
  });

/** The cluster's setting, or none. */
async function setRegistries(text: string | undefined): Promise<void> {
  const key = { namespace: 'kube-system', name: 'berth-registries' };
  if (text === undefined) return cluster.client.delete(secrets, key);
  const data = { 'registries.yaml': Buffer.from(text).toString('base64') };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: key, data };
  const old = await cluster.client.get(secrets, key).catch(() => undefined);
  if (old) await cluster.client.update(secrets, { ...old, data });
  else await cluster.client.create(secrets, secret);
}

async function setPullSecret(name: string, password: string): Promise<void> {
  const auths = { [registry.host]: { username: registry.username, password } };
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') };
  const metadata = { namespace: 'default', name };
  const type = 'kubernetes.io/dockerconfigjson';
  await cluster.client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, type, data });
}

const certsDir = () => cluster.containerd.layout.registryDir;
const hostsToml = (host: string) => {
  const file = join(certsDir(), host, 'hosts.toml');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};
const withCa = (more = '') =>
  JSON.stringify({
    configs: { [registry.host]: { tls: { ca: registry.ca }, ...(more && { auth: JSON.parse(more) }) } },
  });
const waitingIn = (pod: V1Pod) => pod.status?.containerStatuses?.[0]?.state?.waiting;
const isRunning = (pod: V1Pod) => pod.status?.phase === 'Running';

describe('a private registry', () => {
  it('says which authority is missing, and where to name it', async () => {
    await cluster.createPod('no-ca', { image: `${registry.host}/tools:1` });
    const pod = await cluster.until('no-ca', (now) => waitingIn(now)?.reason === 'ErrImagePull');
    expect(waitingIn(pod)?.message).toContain(
      `configs."${registry.host}".tls.ca in the Secret kube-system/berth-registries`,
    );
    await cluster.removePod('no-ca');
  });

  it("is pulled from with the pod's own credentials, its authority being known to the cluster", async () => {
    await setRegistries(withCa());
    await eventually(() => hostsToml(registry.host).includes('ca = '));
    await setPullSecret('right', registry.password);
    await cluster.createPod(
      'private',
      { image: `${registry.host}/tools:1` },
      { imagePullSecrets: [{ name: 'right' }] },
    );
    await cluster.until('private', isRunning);
    await cluster.removePod('private');
  });

  it('refuses a wrong password, and the message says so', async () => {
    await setPullSecret('wrong', 'battery staple');
    await cluster.createPod('wrong', { image: `${registry.host}/tools:2` }, { imagePullSecrets: [{ name: 'wrong' }] });
    const pod = await cluster.until('wrong', (now) => waitingIn(now)?.reason === 'ErrImagePull');
    expect(waitingIn(pod)?.message).toContain('refuses the credentials');
    await cluster.removePod('wrong');
  });

  it("is pulled from with the cluster's credentials", async () => {
    await setRegistries(withCa(JSON.stringify({ username: registry.username, password: registry.password })));
    await eventually(async () => {
      await cluster.createPod('by-setting', { image: `${registry.host}/tools:2` });
      const pod = await cluster.until(
        'by-setting',
        (now) => isRunning(now) || waitingIn(now)?.reason === 'ErrImagePull',
      );
      if (isRunning(pod)) return true;
      await cluster.removePod('by-setting');
      return false;
    });
    await cluster.removePod('by-setting');
  });

  it('stands in for another one as its mirror', async () => {
    const auth = { username: registry.username, password: registry.password };
    const setting = {
      mirrors: { 'docker.io': { endpoint: [`https://${registry.host}`] } },
      configs: { [registry.host]: { tls: { ca: registry.ca }, auth } },
    };
    await setRegistries(JSON.stringify(setting));
    await eventually(() => hostsToml('docker.io').includes(registry.host));
    await cluster.createPod('mirrored', { image: 'mirrored:1' });
    await cluster.until('mirrored', isRunning);
    expect(registry.requests().some((line) => line.includes('/v2/library/mirrored/manifests/1'))).toBe(true);
    await cluster.removePod('mirrored');
  });

  it('keeps the setting that holds when a new one cannot be used, and says why', async () => {
    const before = hostsToml('docker.io');
    await setRegistries('mirrors: {docker.io: {endpoints: []}}');
    await eventually(() => cluster.told.some((line) => line.includes('InvalidRegistries')));
    expect(cluster.told.at(-1)).toContain(
      'node machine-1 keeps the registries that it had: mirrors."docker.io" has the unknown field "endpoints"',
    );
    expect(hostsToml('docker.io')).toBe(before);
  });

  it('takes the example among the manifests', async () => {
    const example = join(import.meta.dirname, '../../manifests/registries.yaml');
    await cluster.cli.ok(['apply', '-f', example]);
    await eventually(() => readdirSync(certsDir()).sort().join() === 'docker.io,mirror.example:5000,registry.example');
  });

  it('leaves nothing behind when the setting is removed', async () => {
    await setRegistries(undefined);
    await eventually(() => readdirSync(certsDir()).length === 0);
  });
});
