/** Generates the gRPC clients of proto/ with buf and ts-proto into proto/generated. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

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
}
