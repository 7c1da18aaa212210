import type { V1EndpointSlice, V1Endpoints } from '#api/generated/types.ts';
import { annotationLines, headLines, indent, labelLines, orNone } from './lines.ts';

export function endpointsLines({ metadata, subsets }: V1Endpoints): string[] {
  return [
    ...headLines(metadata),
    ...labelLines('Labels', metadata?.labels),
    ...annotationLines('Annotations', metadata?.annotations),
    'Subsets:',
    ...(subsets ?? []).flatMap(({ addresses, notReadyAddresses, ports }) =>
      indent([
        `Addresses:\t${orNone((addresses ?? []).map(({ ip }) => ip).join(','))}`,
        `NotReadyAddresses:\t${orNone((notReadyAddresses ?? []).map(({ ip }) => ip).join(','))}`,
        ...(ports?.length
          ? [
              'Ports:',
              ...indent([
                'Name\tPort\tProtocol',
                '----\t----\t--------',
                ...ports.map(({ name, port, protocol }) => `${name || '<unset>'}\t${port}\t${protocol ?? 'TCP'}`),
              ]),
            ]
          : []),
        '',
      ]),
    ),
  ];
}

export function endpointSliceLines({ metadata, addressType, ports, endpoints }: V1EndpointSlice): string[] {
  return [
    ...headLines(metadata),
    ...labelLines('Labels', metadata?.labels),
    ...annotationLines('Annotations', metadata?.annotations),
    `AddressType:\t${addressType}`,
    ...(ports?.length
      ? [
          'Ports:',
          ...indent([
            'Name\tPort\tProtocol',
            '----\t----\t--------',
            ...ports.map(
              ({ name, port, protocol }) => `${name || '<unset>'}\t${port ?? '<unset>'}\t${protocol ?? 'TCP'}`,
            ),
          ]),
        ]
      : ['Ports: <unset>']),
    ...((endpoints ?? []).length === 0 ? ['Endpoints: <none>'] : ['Endpoints:']),
    ...(endpoints ?? []).flatMap(({ addresses, conditions, hostname, targetRef, nodeName, zone }) => [
      `  - Addresses:\t${addresses.join(',')}`,
      ...indent(
        [
          'Conditions:',
          `  Ready:\t${conditions?.ready ?? '<unset>'}`,
          `Hostname:\t${hostname ?? '<unset>'}`,
          ...(targetRef ? [`TargetRef:\t${targetRef.kind}/${targetRef.name}`] : []),
          `NodeName:\t${nodeName ?? '<unset>'}`,
          `Zone:\t${zone ?? '<unset>'}`,
        ],
        2,
      ),
    ]),
  ];
}
