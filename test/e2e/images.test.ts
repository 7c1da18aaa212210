import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodes } from '#api/kinds.ts';
import { createRealRandom } from '#base/real/random.ts';
import { openArchive } from '#cli/image/archive/file.ts';
import { sha256 } from '#cli/image/archive/image.ts';
import { readArchive } from '#cli/image/archive/read.ts';
import { createNodeClient } from '#cli/image/node-client.ts';
import { createHttpClient, type HttpClient } from '#client/http-client.ts';
import { buildImageArchive, busyboxFiles } from '#host/images/build.ts';
import { eventually } from '../harness/eventually.ts';
import { startFakeAgent } from '../harness/fake-agent.ts';
import { type ImageCluster, nodeName, startImageCluster } from '../harness/image-cluster.ts';

let cluster: ImageCluster;
let client: HttpClient;
const never = new AbortController().signal;

beforeAll(async () => {
  cluster = await startImageCluster({ prefix: 'bim', podCidr: '10.42.216.0/24' });
  const { ca, admin } = cluster.api.certs;
  client = createHttpClient({
    server: cluster.api.url,
    ca: ca.cert,
    clientCert: admin.cert,
    clientKey: admin.key,
    insecureSkipTlsVerify: false,
  });
});
afterAll(async () => {
  await client?.close();
  await cluster?.stop();
});

const toolbox = (name: string, content = '') =>
  busyboxFiles().then((files) =>
    buildImageArchive({
      name,
      files: [...files, { path: 'version', content: `${name}${content}` }],
      entrypoint: ['/bin/sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'],
    }),
  );

it('puts an image on the node, where a pod runs it without any registry', async () => {
  const file = join(cluster.cli.folder, 'tools.tar');
  writeFileSync(file, await toolbox('example.org/tools:1'));
  const loaded = await cluster.cli.ok(['image', 'load', file]);
  expect(loaded).toMatch(/^example\.org\/tools:1\n\s+machine-1 +loaded, sent \d/);
  const again = await cluster.cli.ok(['image', 'load', file]);
  expect(again).toContain('had it already, sent 0 bytes');

  await cluster.createPod('tools', { image: 'example.org/tools:1', imagePullPolicy: 'Never' });
  await cluster.until('tools', (pod) => pod.status?.phase === 'Running');
  expect(await cluster.cli.ok(['image', 'ls'])).toMatch(/example\.org\/tools:1 +[0-9a-f]{12} +\d.* machine-1/);

  const refused = await cluster.cli.run(['image', 'rm', 'example.org/tools:1']);
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toContain('machine-1: example.org/tools:1 is in use by pod default/tools');
  await cluster.removePod('tools');
  await cluster.cli.ok(['image', 'rm', 'example.org/tools:1']);
  expect(await cluster.cli.ok(['image', 'ls'])).not.toContain('tools');
  expect(await cluster.cli.run(['image', 'rm', 'example.org/tools:1'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is on none of machine-1'),
  });
});

/** What does not compress, so that a part of it is a part of what is sent. */
const noise = (bytes: number) => randomBytes(bytes);

it('goes on where a load broke off', async () => {
  const name = 'example.org/large:1';
  const layer = noise(12_000_000);
  const archive = await buildImageArchive({ name, files: [{ path: 'noise', content: layer }], entrypoint: ['/noise'] });
  const file = join(cluster.cli.folder, 'large.tar');
  writeFileSync(file, archive);
  const open = await openArchive({ file, stdin: process.stdin, random: createRealRandom(), signal: never });
  const [image] = await readArchive(open, undefined);
  const [blob] = image?.variants[0]?.blobs ?? [];
  if (!image || !blob) throw new Error('the archive has no image');

  const node = createNodeClient(client.transport, nodeName);
  const blobs = image.variants[0]?.blobs ?? [];
  expect(await node.check(image.target, blobs, never)).toHaveLength(3);
  const breaking = async function* () {
    let sent = 0;
    for await (const chunk of blob.stream(0)) {
      if (sent > 6_000_000) throw new Error('the sender is gone');
      sent += chunk.length;
      yield chunk;
    }
  };
  await expect(
    node.write(image.target, blob, 0, Readable.from(breaking(), { objectMode: false }), never),
  ).rejects.toThrow();
  await open.close();
  expect(await cluster.runtime.imageStatus(name)).toBeUndefined();

  // What was under way is still being written for a moment; as long as it is, nobody else may send.
  let before = 0;
  const offset = await eventually(
    async () => {
      const missing = await node.check(image.target, blobs, never);
      const now = missing.find(({ digest }) => digest === blob.digest)?.offset ?? 0;
      const rests = now > 1_000_000 && now === before;
      before = now;
      return rests ? now : false;
    },
    { everyMs: 300 },
  );
  const loaded = await cluster.cli.ok(['image', 'load', file]);
  const sent = Number(/sent ([\d.]+) MB/.exec(loaded)?.[1]) * 1e6;
  expect(sent).toBeLessThanOrEqual(archive.length - (offset || 0) + 50_000);
  expect((await cluster.runtime.imageStatus(name))?.repoTags).toEqual([name]);
});

it('goes on with the other nodes when one fails, and names each with its reason', async () => {
  const gone = await startFakeAgent(cluster.certs, 'gone');
  const full = await startFakeAgent(cluster.certs, 'full');
  try {
    gone.onRequest = (request, response) => {
      // Loses its power in the middle of a layer.
      if (request.method === 'PUT') return void request.once('data', () => request.socket.destroy());
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      request.once('end', () => {
        const { blobs } = JSON.parse(text);
        response.end(
          JSON.stringify({ missing: blobs.map(({ digest }: { digest: string }) => ({ digest, offset: 0 })) }),
        );
      });
    };
    full.onRequest = (_request, response) => response.writeHead(507).end('no space is left on the disk of /var');
    await cluster.addNode('gone', gone.port);
    await cluster.addNode('full', full.port);
    const file = join(cluster.cli.folder, 'spread.tar');
    writeFileSync(file, await toolbox('example.org/spread:1'));
    const { code, stdout, stderr } = await cluster.cli.run(['image', 'load', file]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/machine-1 +loaded/);
    expect(stderr).toContain('not on 2 of 3 nodes');
    expect(stderr).toMatch(/gone: .*cannot be reached/);
    expect(stderr).toContain('full: no space is left on the disk of /var');
    expect(stderr).toContain('Run the same command again');

    const listed = await cluster.cli.run(['image', 'ls', '--node', nodeName, '-o', 'json']);
    expect(JSON.parse(listed.stdout).images).toContainEqual(
      expect.objectContaining({ name: 'example.org/spread:1', nodes: [nodeName] }),
    );
  } finally {
    await cluster.client.delete(nodes, { name: 'gone' });
    await cluster.client.delete(nodes, { name: 'full' });
    await gone.stop();
    await full.stop();
  }
});

it('refuses a damaged archive before anything of it is on a node', async () => {
  const bytes = await toolbox('example.org/damaged:1', 'AAAAAAAAAAAAAAAA');
  bytes.set(Buffer.from('B'), bytes.indexOf('AAAAAAAA'));
  const file = join(cluster.cli.folder, 'damaged.tar');
  writeFileSync(file, bytes);
  const { code, stderr } = await cluster.cli.run(['image', 'load', file]);
  expect(code).toBe(1);
  expect(stderr).toContain('the archive is damaged');
  expect(await cluster.runtime.imageStatus('example.org/damaged:1')).toBeUndefined();
});

it('takes a blob only with the digest that it was announced with', async () => {
  const image = createNodeClient(client.transport, nodeName);
  const good = Buffer.from('what was announced');
  const blob = { mediaType: 'x', digest: sha256(good), size: good.length };
  await image.check(blob, [blob], never);
  const wrong = Readable.from([Buffer.from('what was sent here')], { objectMode: false });
  await expect(image.write(blob, blob, 0, wrong, never)).rejects.toMatchObject({ status: 422 });
  expect(await image.check(blob, [blob], never)).toEqual([{ digest: blob.digest, offset: 0 }]);
});

it('removes one of two names, and the image with the last', async () => {
  const file = join(cluster.cli.folder, 'twice.tar');
  writeFileSync(file, await toolbox('example.org/twice:1'));
  await cluster.cli.ok(['image', 'load', file]);
  await cluster.cli.ok(['image', 'load', file, '--name', 'example.org/twice:2']);
  await cluster.cli.ok(['image', 'rm', 'example.org/twice:1']);
  await eventually(async () => (await cluster.runtime.imageStatus('example.org/twice:1')) === undefined);
  expect((await cluster.runtime.imageStatus('example.org/twice:2'))?.repoTags).toEqual(['example.org/twice:2']);
  await cluster.cli.ok(['image', 'rm', 'example.org/twice:2']);
  expect(await cluster.runtime.imageStatus('example.org/twice:2')).toBeUndefined();
  const needed = await cluster.cli.run(['image', 'rm', 'berth.local/pause:1']);
  expect(needed.stderr).toContain('is needed by every pod');
});
