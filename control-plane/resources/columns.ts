import { formatAge } from '#api/duration.ts';
import type { KubeObject } from '#api/meta.ts';
import type { TableColumn } from '../apiserver/resource-definition.ts';

interface ColumnOptions {
  readonly type?: TableColumn<KubeObject>['type'];
  readonly format?: string;
  readonly description?: string;
  readonly wide?: boolean;
}

/** What kubectl shows where there is nothing. */
export const none = '<none>';

/** One column; `wide`: only with -o wide. */
export function column<T extends KubeObject>(
  name: string,
  cell: (object: T, nowMs: number) => string | number | boolean,
  options: ColumnOptions = {},
): TableColumn<T> {
  return {
    name,
    type: options.type ?? 'string',
    ...(options.format && { format: options.format }),
    description: options.description ?? `${name} of the object.`,
    priority: options.wide ? 1 : 0,
    cell,
  };
}

export const nameColumn = (): TableColumn<KubeObject> =>
  column('Name', (object) => object.metadata?.name ?? '', {
    format: 'name',
    description: 'The name, unique within the namespace and kind.',
  });

export const ageColumn = (): TableColumn<KubeObject> =>
  column('Age', (object, nowMs) => ageOf(object.metadata?.creationTimestamp, nowMs), {
    description: 'How long ago the object was created.',
  });

/** For kinds without a printer of their own. */
export const createdAtColumn = (): TableColumn<KubeObject> =>
  column('Created At', (object) => object.metadata?.creationTimestamp ?? '<unknown>', {
    type: 'date',
    description: 'When the object was created.',
  });

/** `<unknown>` where the time is missing or cannot be read. */
export function ageOf(time: string | undefined, nowMs: number): string {
  const timeMs = time ? Date.parse(time) : Number.NaN;
  return Number.isNaN(timeMs) ? '<unknown>' : formatAge(nowMs - timeMs);
}

const shownMax = 3;

/** The first few, and how many more there are. */
export function someOf(items: readonly string[]): string {
  const shown = items.slice(0, shownMax).join(',');
  return items.length > shownMax ? `${shown} + ${items.length - shownMax} more...` : shown;
}

/** The columns of the kind that stores a view, for the view. */
export const columnsOfHub = <View extends KubeObject, Hub extends KubeObject>(
  columns: readonly TableColumn<Hub>[],
  toHub: (object: View) => Hub,
): TableColumn<View>[] => columns.map((one) => ({ ...one, cell: (object, nowMs) => one.cell(toHub(object), nowMs) }));
