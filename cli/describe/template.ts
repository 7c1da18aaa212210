import type { V1PodTemplateSpec } from '#api/generated/types.ts';
import { containerLines } from './containers.ts';
import { annotationLines, indent, labelLines } from './lines.ts';
import { spreadLines, tolerationLines } from './scheduling.ts';
import { volumeLines } from './volumes.ts';

/** What `rollout history --revision` and the workloads show of their pods-to-be. */
export function templateLines(template: V1PodTemplateSpec | undefined): string[] {
  if (!template) return ['Pod Template:', '  <unset>'];
  const { metadata, spec } = template;
  const hasAnnotations = Object.keys(metadata?.annotations ?? {}).length > 0;
  const init = spec?.initContainers ?? [];
  return [
    'Pod Template:',
    ...indent([
      ...labelLines('Labels', metadata?.labels),
      ...(hasAnnotations ? annotationLines('Annotations', metadata?.annotations) : []),
      ...(spec?.serviceAccountName ? [`Service Account:\t${spec.serviceAccountName}`] : []),
    ]),
    ...indentTitle(init.length > 0 ? containerLines('Init Containers', init, undefined) : []),
    ...indentTitle(containerLines('Containers', spec?.containers ?? [], undefined)),
    ...indentTitle(volumeLines(spec?.volumes, true)),
    ...indent([
      ...spreadLines(spec?.topologySpreadConstraints),
      ...(spec?.priorityClassName ? [`Priority Class Name:\t${spec.priorityClassName}`] : []),
      ...labelLines('Node-Selectors', spec?.nodeSelector),
      ...tolerationLines(spec?.tolerations),
    ]),
  ];
}

/** What stands below the title keeps its place. */
const indentTitle = (lines: readonly string[]): string[] =>
  lines.map((line) => (line.startsWith(' ') ? line : `  ${line}`));
