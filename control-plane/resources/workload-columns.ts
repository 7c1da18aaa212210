import type { V1LabelSelector, V1PodTemplateSpec } from '#api/generated/types.ts';
import type { KubeObject } from '#api/meta.ts';
import { formatLabelSelector, fromLabelSelectorObject } from '#api/selectors/labels.ts';
import type { TableColumn } from '../apiserver/resource-definition.ts';
import { column, none } from './columns.ts';

const containersOf = (template: V1PodTemplateSpec | undefined) => template?.spec?.containers ?? [];

/** The wide columns of everything that has a pod template: names and images of its containers. */
export const templateColumns = <T extends KubeObject>(
  templateOf: (object: T) => V1PodTemplateSpec | undefined,
): TableColumn<T>[] => [
  column(
    'Containers',
    (object) =>
      containersOf(templateOf(object))
        .map((one) => one.name)
        .join(','),
    {
      wide: true,
      description: 'Names of the containers in the template.',
    },
  ),
  column(
    'Images',
    (object) =>
      containersOf(templateOf(object))
        .map((one) => one.image ?? '')
        .join(','),
    {
      wide: true,
      description: 'Images of the containers in the template.',
    },
  ),
];

export const selectorColumn = <T extends KubeObject>(
  selectorOf: (object: T) => V1LabelSelector | undefined,
): TableColumn<T> =>
  column('Selector', (object) => selectorText(selectorOf(object)), {
    wide: true,
    description: 'Which pods belong to it.',
  });

/** `<none>` for a selector that is empty or missing, `<error>` for one that is malformed (stored before it was checked). */
export function selectorText(selector: V1LabelSelector | undefined): string {
  if (!selector) return none;
  try {
    return formatLabelSelector(fromLabelSelectorObject(selector)) || none;
  } catch {
    return '<error>';
  }
}

/** A map of labels, sorted. */
export const labelsText = (labels: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(labels ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(',') || none;
