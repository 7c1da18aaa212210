import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildImageArchive, busyboxFiles } from '#host/images/build.ts';
import { type ImageCluster, startImageCluster } from '../harness/image-cluster.ts';

let cluster: ImageCluster;

beforeAll(async () => {
  cluster = await startImageCluster({ prefix: 'bim', podCidr: '10.42.216.0/24' });
});
afterAll(() => cluster?.stop());

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
  console.log(loaded);
  const again = await cluster.cli.ok(['image', 'load', file]);
  expect(again).toContain('had it already, sent 0 bytes');

  await cluster.createPod('tools', { image: 'example.org/tools:1', imagePullPolicy: 'Never' });
  await cluster.until('tools', (pod) => pod.status?.phase === 'Running');
  console.log(await cluster.cli.ok(['image', 'ls']));

  const refused = await cluster.cli.run(['image', 'rm', 'example.org/tools:1']);
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toContain('machine-1: example.org/tools:1 is in use by pod default/tools');
  await cluster.removePod('tools');
  console.log(await cluster.cli.ok(['image', 'rm', 'example.org/tools:1']));
  expect(await cluster.cli.ok(['image', 'ls'])).not.toContain('tools');
  expect(await cluster.cli.run(['image', 'rm', 'example.org/tools:1'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is on none of machine-1'),
  });
});
