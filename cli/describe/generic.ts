import type { KubeObject } from '#api/meta.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { annotationLines, byKey, headLines, indent, labelLines } from './lines.ts';
import { smartLabel } from './smart-label.ts';

/** Every kind that has no form of its own: all of its fields as indented text. */
export function genericLines(object: KubeObject): string[] {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { name: _, namespace, labels, annotations, managedFields: __, ...other } = metadata ?? {};
  return [
    ...headLines(metadata, true).map((line) =>
      line.startsWith('Namespace:') ? `Namespace:\t${namespace ?? ''}` : line,
    ),
    ...labelLines('Labels', labels),
    ...annotationLines('Annotations', annotations),
    ...fieldLines({ apiVersion, kind, metadata: other, ...rest }),
  ];
}

function fieldLines(fields: object): string[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .sort(byKey)
    .flatMap(([field, value]) => valueLines(smartLabel(field), value));
}

function valueLines(label: string, value: unknown): string[] {
  if (isJsonObject(value)) return [`${label}:`, ...indent(fieldLines(value))];
  if (!Array.isArray(value)) return [`${label}:\t${text(value)}`];
  return [
    `${label}:`,
    ...value.flatMap((item: unknown) => indent(isJsonObject(item) ? fieldLines(item) : [text(item)])),
  ];
}

/** Line breaks and tabs would tear the columns apart. */
const text = (value: unknown): string =>
  value === null ? '<nil>' : String(value).replaceAll('\t', '    ').replaceAll('\n', '\\n');
