import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { type CliContext, CliError } from '../command.ts';
import { renderTemplate } from './jsonpath/evaluate.ts';

/** What `-o` asks for. `table` covers the default and wide. */
export type OutputFormat =
  | { readonly kind: 'table'; readonly wide: boolean }
  | { readonly kind: 'json' | 'yaml' | 'name' }
  | { readonly kind: 'jsonpath'; readonly template: string }
  | { readonly kind: 'columns'; readonly columns: readonly CustomColumn[] };

export interface CustomColumn {
  readonly name: string;
  readonly path: string;
}

const formats =
  'json, yaml, name, wide, jsonpath=TEMPLATE, jsonpath-file=FILE, custom-columns=SPEC, custom-columns-file=FILE';

/** Throws a CliError that lists the formats. */
export function parseOutput(text: string | undefined): OutputFormat {
  if (text === undefined || text === '') return { kind: 'table', wide: false };
  const [, name = text, argument] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  switch (name) {
    case 'wide':
      return { kind: 'table', wide: true };
    case 'json':
    case 'yaml':
    case 'name':
      return { kind: name };
    case 'jsonpath':
      return { kind: 'jsonpath', template: required(name, argument) };
    case 'jsonpath-file':
      return { kind: 'jsonpath', template: readFileSync(required(name, argument), 'utf8').trim() };
    case 'custom-columns':
      return { kind: 'columns', columns: parseColumns(required(name, argument)) };
    case 'custom-columns-file':
      return { kind: 'columns', columns: parseColumnsFile(readFileSync(required(name, argument), 'utf8')) };
    default:
      throw new CliError(`unable to match a printer suitable for the output format ${JSON.stringify(text)}`, {
        exitCode: 2,
        fix: `The formats are: ${formats}`,
      });
  }
}

function required(format: string, argument: string | undefined): string {
  if (argument) return argument;
  throw new CliError(`${format} needs an argument: -o ${format}=…`, { exitCode: 2 });
}

/** `NAME:.metadata.name,NODE:.spec.nodeName`. */
function parseColumns(spec: string): CustomColumn[] {
  return spec.split(',').map((part) => {
    const at = part.indexOf(':');
    if (at < 0) {
      throw new CliError(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`, {
        exitCode: 2,
      });
    }
    return { name: part.slice(0, at), path: part.slice(at + 1) };
  });
}

/** Headers on the first line, paths on the second. */
function parseColumnsFile(text: string): CustomColumn[] {
  const [headers = '', paths = ''] = text.split('\n');
  const names = headers.trim().split(/\s+/);
  const expressions = paths.trim().split(/\s+/);
  if (names.length !== expressions.length) {
    throw new CliError(`number of header fields (${names.length}) does not match paths (${expressions.length})`);
  }
  return names.map((name, index) => ({ name, path: expressions[index] ?? '' }));
}

/** Prints one value in a format that needs no table. */
export function writeValue(context: CliContext, format: OutputFormat, value: unknown): void {
  if (format.kind === 'json') context.stdout.write(`${JSON.stringify(value, undefined, 4)}\n`);
  else if (format.kind === 'yaml') context.stdout.write(toYaml(value));
  else if (format.kind === 'jsonpath') context.stdout.write(renderTemplate(format.template, value));
}

/** As kubectl's: keys in order, and quotes around what YAML 1.1 readers (kubectl among them) would take for something else. */
export const toYaml = (value: unknown): string =>
  stringify(value, { schema: 'yaml-1.1', lineWidth: 0, aliasDuplicateObjects: false, sortMapEntries: true });
