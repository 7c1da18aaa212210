import { createHash } from 'node:crypto';
import type { OpenApiDocuments } from '#api/openapi/documents.ts';
import type { ApiRequest, ApiResponse } from '../http/message.ts';
import { parseAccept } from '../http/negotiate.ts';

/** Clients ask with an `@`, which their own parsers do not take in an answer: it is written with a dot there. */
const v2ProtobufAsked = /^application\/com\.github\.proto-openapi\.spec\.v2[@.]v1\.0\+protobuf$/;
const v2Protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

interface Encoded {
  readonly bytes: Buffer;
  readonly hash: string;
}

/** Serves /openapi/v2 and /openapi/v3 with ETags; each document is encoded once. */
export function createOpenApiHandler(documents: OpenApiDocuments) {
  const encoded = new Map<string, Encoded>();
  const once = (name: string, make: () => Buffer): Encoded => {
    const known = encoded.get(name);
    if (known) return known;
    const bytes = make();
    const made = { bytes, hash: createHash('sha256').update(bytes).digest('hex').toUpperCase().slice(0, 64) };
    encoded.set(name, made);
    return made;
  };
  const json = (document: object) => Buffer.from(JSON.stringify(document));
  const v3 = (path: string): Encoded | undefined => {
    const isKnown = documents.v3Paths().includes(path);
    return isKnown ? once(`v3/${path}`, () => json(documents.v3(path) ?? {})) : undefined;
  };

  const index = (): Encoded =>
    once('v3', () => {
      const paths = documents.v3Paths().map((path) => {
        const hash = v3(path)?.hash ?? '';
        return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }] as const;
      });
      return json({ paths: Object.fromEntries(paths) });
    });

  return {
    /** `path` is what follows `/openapi`. */
    serve(request: ApiRequest, path: string, query: URLSearchParams): ApiResponse | undefined {
      if (path === '/v2') {
        const isProtobuf = v2ProtobufAsked.test(parseAccept(request.headers.accept ?? '')[0]?.type ?? '');
        const document = isProtobuf
          ? once('v2pb', () => documents.v2Protobuf())
          : once('v2', () => json(documents.v2()));
        return answer(request, document, isProtobuf ? v2Protobuf : 'application/json');
      }
      if (path === '/v3') return answer(request, index(), 'application/json');
      const document = path.startsWith('/v3/') ? v3(path.slice('/v3/'.length)) : undefined;
      if (!document) return undefined;
      const asked = query.get('hash');
      if (asked !== null && asked !== document.hash) {
        const location = `/openapi${path}?hash=${document.hash}`;
        return { status: 301, headers: { location }, body: Buffer.alloc(0) };
      }
      // With its hash in the URL a document never changes.
      const caching =
        asked === null ? {} : { 'cache-control': 'public, immutable', expires: 'Fri, 31 Dec 2099 23:59:59 GMT' };
      return answer(request, document, 'application/json', caching);
    },
  };
}

function answer(
  request: ApiRequest,
  { bytes, hash }: Encoded,
  contentType: string,
  extra: Record<string, string> = {},
): ApiResponse {
  const etag = `"${hash}"`;
  const headers = { etag, vary: 'Accept', ...extra };
  if (request.headers['if-none-match']?.includes(etag)) return { status: 304, headers };
  return { status: 200, headers: { ...headers, 'content-type': contentType }, body: bytes };
}
