/** Generates the gRPC clients of proto/ with buf and ts-proto into proto/generated. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Throws with buf's own output when a .proto file is wrong. */
export function generateProtos(root: string): void {
  const bin = join(root, 'node_modules/.bin');
  const result = spawnSync(join(bin, 'buf'), ['generate'], {
    cwd: join(root, 'proto'),
    encoding: 'utf8',
    env: { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}` },
  });
  if (result.status !== 0) {
    throw new Error(`generate: buf failed: ${result.stderr || result.error?.message || result.status}`);
  }
  const generated = join(root, 'proto/generated');
  const wire = join(root, 'node_modules/@bufbuild/protobuf/dist/esm/wire/binary-encoding.js');
  for (const name of readdirSync(generated, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const file = join(generated, name);
    const code = readFileSync(file, 'utf8');
    // An agent keeps the text of all that it runs (docs/decisions/0007): so without indentation, and with the one file of the
    // library that reads and writes bytes instead of its index, which loads all the rest of it.
    writeFileSync(
      file,
      code.replace(/^ +/gm, '').replaceAll('"@bufbuild/protobuf/wire"', `"${relative(dirname(file), wire)}"`),
    );
  }
}
