import type { V1ListMeta } from '#api/generated/types.ts';
import type { KubeObject } from '#api/meta.ts';
import type { Transformation } from '../http/negotiate.ts';
import type { CachedObject } from '../registry/registry.ts';
import type { ResourceDefinition, TableColumn } from '../resource-definition.ts';

/** What each row carries of its object besides the cells. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  readonly definition: ResourceDefinition;
  readonly include: IncludeObject;
  readonly version: Transformation['version'];
  /** For ages. */
  readonly nowMs: number;
  /** In a watch only the first event carries the columns. */
  readonly withColumns: boolean;
}

/** The JSON of a meta.k8s.io Table. Rows' objects are the JSON that the cache holds, when whole objects are asked for. */
export function tableJson(entries: readonly CachedObject[], meta: V1ListMeta, options: TableOptions): string {
  const { definition, version, withColumns } = options;
  const columns = withColumns ? JSON.stringify(definition.columns.map(columnDefinition)) : 'null';
  const rows = entries.map((entry) => rowJson(entry, options)).join(',');
  const head = `{"kind":"Table","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(meta)}`;
  return `${head},"columnDefinitions":${columns},"rows":[${rows}]}`;
}

const columnDefinition = ({ name, type, format, description, priority }: TableColumn<KubeObject>) => {
  const isDate = type === 'date';
  // A cell that tells an age is text: kube-apiserver declares such columns as strings too.
  return { name, type: isDate ? 'string' : type, format: format ?? '', description, priority };
};

function rowJson(entry: CachedObject, { definition, include, version, nowMs }: TableOptions): string {
  const cells = JSON.stringify(definition.columns.map((column) => column.cell(entry.object, nowMs)));
  switch (include) {
    case 'None':
      return `{"cells":${cells},"object":null}`;
    case 'Object':
      return `{"cells":${cells},"object":${entry.json}}`;
    case 'Metadata':
      return `{"cells":${cells},"object":${partialMetadataJson(entry.object, version)}}`;
  }
}

/** The JSON of a PartialObjectMetadata: who an object is, without what it says. */
export function partialMetadataJson(object: KubeObject, version: Transformation['version']): string {
  return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(object.metadata ?? {})}}`;
}

export function partialMetadataListJson(
  entries: readonly CachedObject[],
  meta: V1ListMeta,
  version: Transformation['version'],
): string {
  const items = entries.map(({ object }) => partialMetadataJson(object, version)).join(',');
  const head = `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/${version}"`;
  return `${head},"metadata":${JSON.stringify(meta)},"items":[${items}]}`;
}
