/** Rules of style that no ordinary linter knows, run as a part of `npm run lint`. Prints each breach; exit code 1 if any. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { breaches } from './tidy/rules.ts';

const root = join(import.meta.dirname, '..');
const tracked = spawnSync('git', ['ls-files', '*.ts'], { cwd: root, encoding: 'utf8' });
if (tracked.status !== 0) throw new Error(`git ls-files failed: ${tracked.stderr}`);
const found = tracked.stdout
  .split('\n')
  .filter(Boolean)
  .flatMap((file) => breaches(file, readFileSync(join(root, file), 'utf8')));
for (const one of found) console.error(`${one.file}:${one.line}: ${one.message}`);
process.exitCode = found.length > 0 ? 1 : 0;
