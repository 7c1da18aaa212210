import { flushCompileCache, getCompileCacheDir } from 'node:module';

/**
 * Where code had its types taken off in this process (a new version, an empty cache), Node keeps the program that did so, 15 to
 * 20 MB, until the end (docs/decisions/0007). So what was compiled is written, and the process begins anew in its place: with its
 * pid, arguments and environment. Returns when there is nothing to gain. Call it when all is imported and nothing is open.
 */
export function beginAnewWhenCold(env: NodeJS.ProcessEnv): void {
  if (env[marker] !== undefined || getCompileCacheDir() === undefined || !stripperIsLoaded()) return;
  flushCompileCache();
  const { execPath, execArgv, argv } = process;
  process.execve?.(execPath, [execPath, ...execArgv, ...argv.slice(1)], { ...env, [marker]: '1' });
}

/** Once is enough: where nothing can be written, it would be cold again. */
const marker = 'BERTH_BEGUN_ANEW';

/** By the list of what Node has loaded of its own, which @types/node does not know. */
export function stripperIsLoaded(): boolean {
  const loaded: unknown = Reflect.get(process, 'moduleLoadList');
  return Array.isArray(loaded) && loaded.includes('NativeModule internal/deps/amaro/dist/index');
}
