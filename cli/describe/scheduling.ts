import type { V1LabelSelector, V1Taint, V1Toleration, V1TopologySpreadConstraint } from '#api/generated/types.ts';
import { byKey, multiLine } from './lines.ts';

export const tolerationLines = (tolerations: readonly V1Toleration[] | undefined): string[] =>
  multiLine('Tolerations', (tolerations ?? []).map(formatToleration).sort());

/** `node.kubernetes.io/not-ready:NoExecute op=Exists for 300s`. */
export function formatToleration({ key, value, effect, operator, tolerationSeconds }: V1Toleration): string {
  const what = `${key ?? ''}${value ? `=${value}` : ''}${effect ? `:${effect}` : ''}`;
  const exists = operator === 'Exists' && !value ? `${what ? ' ' : ''}op=Exists` : '';
  return `${what}${exists}${tolerationSeconds === undefined ? '' : ` for ${tolerationSeconds}s`}`;
}

export const taintLines = (taints: readonly V1Taint[] | undefined): string[] =>
  multiLine(
    'Taints',
    (taints ?? []).map(({ key, value, effect }) => `${key}${value ? `=${value}` : ''}:${effect}`),
  );

export const spreadLines = (constraints: readonly V1TopologySpreadConstraint[] | undefined): string[] =>
  constraints && constraints.length > 0
    ? multiLine(
        'Topology Spread Constraints',
        constraints.map(
          ({ topologyKey, whenUnsatisfiable, maxSkew, labelSelector }) =>
            `${topologyKey}:${whenUnsatisfiable} when max skew ${maxSkew} is exceeded for selector ${formatSelector(labelSelector)}`,
        ),
      )
    : [];

/** `app=web,tier in (a,b)`. */
export function formatSelector(selector: V1LabelSelector | undefined): string {
  if (!selector) return '<none>';
  const pairs = Object.entries(selector.matchLabels ?? {})
    .sort(byKey)
    .map(([key, value]) => `${key}=${value}`);
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${(values ?? []).join(',')})`;
  });
  return [...pairs, ...expressions].join(',') || '<none>';
}
