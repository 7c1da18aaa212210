import type { V1ConfigMap, V1Namespace, V1Secret } from '#api/generated/types.ts';
import { annotationLines, byKey, headLines, labelLines } from './lines.ts';

export function configMapLines({ metadata, data, binaryData, immutable }: V1ConfigMap): string[] {
  return [
    ...headLines(metadata),
    ...labelLines('Labels', metadata?.labels),
    ...annotationLines('Annotations', metadata?.annotations),
    ...(immutable ? ['Immutable:\ttrue'] : []),
    '',
    'Data',
    '====',
    // A tab in the data is the data's own.
    ...Object.entries(data ?? {})
      .sort(byKey)
      .flatMap(([key, value]) => [`${key}:`, '----', ...value.replaceAll('\t', '    ').split('\n'), '']),
    '',
    'BinaryData',
    '====',
    ...Object.entries(binaryData ?? {})
      .sort(byKey)
      .map(([key, value]) => `${key}: ${Buffer.from(value, 'base64').length} bytes`),
    '',
  ];
}

/** Sizes only: what is secret is not for a screen. */
export function secretLines({ metadata, type, data, immutable }: V1Secret): string[] {
  return [
    ...headLines(metadata),
    ...labelLines('Labels', metadata?.labels),
    ...annotationLines('Annotations', metadata?.annotations),
    ...(immutable ? ['Immutable:\ttrue'] : []),
    '',
    `Type:\t${type ?? 'Opaque'}`,
    '',
    'Data',
    '====',
    ...Object.entries(data ?? {})
      .sort(byKey)
      .map(([key, value]) => `${key}:\t${Buffer.from(value, 'base64').length} bytes`),
    '',
  ];
}

export function namespaceLines({ metadata, status }: V1Namespace): string[] {
  const conditions = status?.conditions ?? [];
  return [
    ...headLines(metadata, false),
    ...labelLines('Labels', metadata?.labels),
    ...annotationLines('Annotations', metadata?.annotations),
    `Status:\t${status?.phase ?? ''}`,
    ...(conditions.length > 0
      ? [
          'Conditions:',
          '  Type\tStatus\tLastTransitionTime\tReason\tMessage',
          '  ----\t------\t------------------\t------\t-------',
          ...conditions.map(
            (one) => `  ${one.type}\t${one.status}\t${one.lastTransitionTime}\t${one.reason}\t${one.message}`,
          ),
        ]
      : []),
    '',
    'No resource quota.',
    '',
    'No LimitRange resource.',
  ];
}
