import { CliError } from '../command.ts';

/** One side of `cp`. */
export type CopySpec =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'remote'; readonly namespace: string | undefined; readonly pod: string; readonly path: string };

/** `path`, `pod:path` or `namespace/pod:path`. A local path with a colon is written as `./a:b`. Throws a CliError. */
export function parseSpec(text: string): CopySpec {
  const colon = text.indexOf(':');
  if (colon < 0 || text.startsWith('/') || text.startsWith('.')) {
    if (text === '') throw new CliError('filepath can not be empty', { exitCode: 2 });
    return { kind: 'local', path: text };
  }
  const path = text.slice(colon + 1);
  const [pod = '', namespace, ...rest] = text.slice(0, colon).split('/').reverse();
  if (path === '') throw new CliError('filepath can not be empty', { exitCode: 2 });
  if (rest.length === 0 && pod !== '' && namespace !== '') return { kind: 'remote', namespace, pod, path };
  throw new CliError(`${JSON.stringify(text)} must be PATH, POD:PATH or NAMESPACE/POD:PATH`, { exitCode: 2 });
}
