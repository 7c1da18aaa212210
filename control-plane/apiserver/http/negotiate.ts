import { notAcceptable } from '#api/status-error.ts';

/** How an answer is to be written. */
export interface Representation {
  readonly format: 'json' | 'yaml';
  readonly as?: Transformation | undefined;
  /** Indented JSON for people. */
  readonly pretty: boolean;
  /** Value for the Content-Type header. */
  readonly contentType: string;
}

export interface Transformation {
  readonly kind: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  readonly version: 'v1' | 'v1beta1';
}

export interface NegotiationOptions {
  /** Which `as=` forms this answer can take. */
  readonly transformations: readonly Transformation['kind'][];
  /** A watch is lines of JSON and nothing else. */
  readonly stream?: boolean;
}

/** One entry of an Accept header: a media type with its parameters. */
export interface AcceptClause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** Entries of an Accept header, best first; what does not parse is left out. At most 64 are looked at. */
export function parseAccept(header: string): AcceptClause[] {
  const clauses: AcceptClause[] = [];
  for (const part of header.split(',', 64)) {
    const [type = '', ...parameterTexts] = part.split(';').map((piece) => piece.trim());
    if (!type) continue;
    const parameters = new Map<string, string>();
    for (const text of parameterTexts) {
      const equals = text.indexOf('=');
      if (equals > 0)
        parameters.set(text.slice(0, equals).trim().toLowerCase(), text.slice(equals + 1).replaceAll('"', ''));
    }
    const quality = Number(parameters.get('q') ?? 1);
    parameters.delete('q');
    clauses.push({ type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 0 });
  }
  return clauses.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality);
}

const plainJson: Representation = { format: 'json', pretty: false, contentType: 'application/json', as: undefined };
const prettyJson: Representation = { ...plainJson, pretty: true };

/** Picks the first form the client lists that we can write; 406 when there is none. Nothing asked for: JSON. */
export function negotiate(accept: string | undefined, pretty: boolean, options: NegotiationOptions): Representation {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') {
    return pretty ? prettyJson : plainJson;
  }
  for (const { type, parameters } of parseAccept(accept)) {
    const format = formats.get(type);
    if (!format || (options.stream && format !== 'json')) continue;
    const as = parameters.get('as');
    if (as === undefined) {
      if (parameters.has('g') || parameters.has('v')) continue;
      return { format, pretty, contentType: mediaTypes[format], as: undefined };
    }
    const version = parameters.get('v');
    const kind = options.transformations.find((known) => known === as);
    if (!kind || parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) continue;
    return { format, pretty, as: { kind, version }, contentType: mediaTypes[format] };
  }
  throw notAcceptable(
    `only the following media types are accepted: ${options.stream ? 'application/json, application/json;stream=watch' : 'application/json, application/yaml'}`,
  );
}

const formats = new Map<string, Representation['format']>([
  ['application/json', 'json'],
  ['application/*', 'json'],
  ['*/*', 'json'],
  ['application/yaml', 'yaml'],
]);

const mediaTypes = { json: 'application/json', yaml: 'application/yaml' };

/** `?pretty=true`, or a person with curl, wget or a browser who did not say. */
export function wantsPretty(query: URLSearchParams, userAgent: string | undefined): boolean {
  const asked = query.size > 0 ? query.get('pretty') : null;
  if (asked)
    return asked === 'true' || asked === '1' || asked === 't' || asked === 'T' || asked === 'TRUE' || asked === 'True';
  return userAgent !== undefined && /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}
