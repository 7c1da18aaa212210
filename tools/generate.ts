/** Writes everything that is derived and therefore not committed: API types, API schemas, gRPC clients. Run by `npm install`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readModels } from './generate/models.ts';
import { generateProtos } from './generate/protos.ts';
import { writeSchemas } from './generate/schemas.ts';
import { writeTypes } from './generate/types.ts';
import { warmCompileCache } from './generate/warm.ts';

const root = join(import.meta.dirname, '..');
const clientNode = join(root, 'node_modules/@kubernetes/client-node');

if (!existsSync(clientNode)) {
  // A production install (`npm ci --omit=dev`) gets the generated files from the package instead.
  console.error('generate: @kubernetes/client-node is not installed, so nothing is generated');
} else {
  const models = await readModels(clientNode);
  writeTypes(models, join(root, 'api/generated/types.ts'));
  writeSchemas(models, join(root, 'api/generated/schemas.json'));
  generateProtos(root);
}
warmCompileCache(root);
