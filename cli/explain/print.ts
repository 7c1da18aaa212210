import type { ResourceType } from '#api/resource-type.ts';
import { type Explained, explainSchema, type Schemas } from './schema.ts';

const lineWidth = 80;

/** Schemas may refer to themselves. */
const depthMax = 20;

export function explainText(
  { group, version, kind }: Pick<ResourceType, 'group' | 'version' | 'kind'>,
  field: string | undefined,
  explained: Explained,
): string {
  const head = [...(group ? [`GROUP:      ${group}`] : []), `KIND:       ${kind}`, `VERSION:    ${version}`, ''];
  const where = field === undefined ? [] : [`FIELD: ${field} <${explained.typeName}>`, '', ''];
  const description = ['DESCRIPTION:', ...wrap(explained.description || '<empty>', 4)];
  return `${[...head, ...where, ...description, '', ...fieldLines(explained), ''].join('\n')}\n`;
}

const fieldLines = ({ fields }: Explained): string[] =>
  fields.length === 0
    ? []
    : [
        'FIELDS:',
        ...fields.flatMap((field) => [
          `  ${field.name}\t<${field.typeName}>${field.required ? ' -required-' : ''}`,
          ...(field.enumValues.length > 0 ? [`  enum: ${field.enumValues.join(', ')}`] : []),
          ...wrap(field.description || '<no description>', 4),
          '',
        ]),
      ];

/** Only names and types, all the way down. */
export function explainTree(schemas: Schemas, explained: Explained, depth = 1): string[] {
  if (depth > depthMax) return [];
  return explained.fields.flatMap((field) => [
    `${'  '.repeat(depth)}${field.name}\t<${field.typeName}>${field.required ? ' -required-' : ''}`,
    ...explainTree(schemas, explainSchema(schemas, field.schema), depth + 1),
  ]);
}

function wrap(text: string, indent: number): string[] {
  const margin = ' '.repeat(indent);
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(/ +/)) {
      if (line !== '' && line.length + 1 + word.length > lineWidth - indent) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    return [...lines, line].map((one) => (one === '' ? '' : `${margin}${one}`));
  });
}
