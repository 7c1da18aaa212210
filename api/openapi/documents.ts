/** All OpenAPI documents of a server, each built when it is first asked for. */
import type { OpenApiResource } from './resource.ts';
import { createOpenApiV2 } from './v2.ts';
import { encodeOpenApiV2 } from './v2-protobuf.ts';
import { createOpenApiV3, openApiV3Paths } from './v3.ts';

export interface OpenApiDocuments {
  v2(): object;
  /** The v2 document as gnostic's openapi.v2.Document. */
  v2Protobuf(): Buffer;
  /** `api/v1`, `apis/apps/v1` → the document; undefined when there is no such group-version. */
  v3(path: string): object | undefined;
  v3Paths(): readonly string[];
}

/** Make new ones when resources come or go. */
export function createOpenApiDocuments(resources: readonly OpenApiResource[]): OpenApiDocuments {
  return {
    v2: () => createOpenApiV2(resources),
    v2Protobuf: () => encodeOpenApiV2(createOpenApiV2(resources)),
    v3: (path) => createOpenApiV3(resources, path),
    v3Paths: () => openApiV3Paths(resources),
  };
}
