/** Compiles what `berth up` and `berth join` run, so that its first run finds it compiled. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { agentNodeFlags, serverNodeFlags } from '../../host/processes/server.ts';

/**
 * Saves the first start half a second, and the first server the memory that the TypeScript stripper takes. Nothing depends on it:
 * failures are passed over. Each set of V8's flags has compiled code of its own.
 */
export function warmCompileCache(root: string): void {
  const cache = process.env.NODE_COMPILE_CACHE ?? join(root, '.cache/compile');
  const runs = [
    { flags: [], verb: 'up' },
    { flags: [], verb: 'join' },
    { flags: serverNodeFlags, verb: 'server' },
    { flags: agentNodeFlags, verb: 'agent' },
  ];
  for (const { flags, verb } of runs) {
    spawnSync(process.execPath, [...flags, join(root, 'cli/main.ts'), verb, '--help'], {
      env: { ...process.env, NODE_COMPILE_CACHE: cache },
      stdio: 'ignore',
      timeout: 60_000,
    });
  }
}
