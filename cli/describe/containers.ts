import type { V1Container, V1ContainerState, V1ContainerStatus, V1Pod } from '#api/generated/types.ts';
import { environmentLines } from './environment.ts';
import { byKey, indent, longTime, orNone } from './lines.ts';
import { probeLines } from './probes.ts';

/** `statuses` and `pod` are absent for a template. */
export function containerLines(
  title: string,
  containers: readonly V1Container[],
  statuses: readonly V1ContainerStatus[] | undefined,
  pod?: V1Pod,
): string[] {
  if (containers.length === 0) return [`${title}: <none>`];
  return [
    `${title}:`,
    ...containers.flatMap((container) => {
      const status = statuses?.find((one) => one.name === container.name);
      // In a template the names stand one blank further to the right; so kubectl has it.
      const name = statuses || pod ? `  ${container.name}:` : `   ${container.name}:`;
      return [name, ...indent(oneContainer(container, status, pod), 2)];
    }),
  ];
}

const oneContainer = (
  container: V1Container,
  status: V1ContainerStatus | undefined,
  pod: V1Pod | undefined,
): string[] => [
  ...(status ? [`Container ID:\t${status.containerID ?? ''}`] : []),
  `Image:\t${container.image ?? ''}`,
  ...(status ? [`Image ID:\t${status.imageID}`] : []),
  ...portLines(container),
  ...wordLines('Command', container.command),
  ...wordLines('Args', container.args),
  ...(status ? stateLines(status) : []),
  ...resourceLines('Limits', container.resources?.limits),
  ...resourceLines('Requests', container.resources?.requests),
  ...probeLines(container),
  ...environmentLines(container, pod),
  ...mountLines(container),
];

function portLines({ ports = [] }: V1Container): string[] {
  const own = ports.map(
    (port) => `${port.containerPort}/${port.protocol ?? 'TCP'}${port.name ? ` (${port.name})` : ''}`,
  );
  const host = ports.map(
    (port) => `${port.hostPort ?? 0}/${port.protocol ?? 'TCP'}${port.name ? ` (${port.name})` : ''}`,
  );
  const plural = ports.length > 1 ? 's' : '';
  return [`Port${plural}:\t${orNone(own.join(', '))}`, `Host Port${plural}:\t${orNone(host.join(', '))}`];
}

const wordLines = (title: string, words: readonly string[] | undefined): string[] =>
  words && words.length > 0 ? [`${title}:`, ...indent(words.flatMap((word) => word.split('\n')))] : [];

function stateLines(status: V1ContainerStatus): string[] {
  const last = status.lastState?.terminated ? describeState('Last State', status.lastState) : [];
  return [
    ...describeState('State', status.state),
    ...last,
    `Ready:\t${status.ready ? 'True' : 'False'}`,
    `Restart Count:\t${status.restartCount}`,
  ];
}

function describeState(title: string, state: V1ContainerState | undefined): string[] {
  if (state?.running) return [`${title}:\tRunning`, `  Started:\t${longTime(state.running.startedAt)}`];
  const { terminated, waiting } = state ?? {};
  if (!terminated) return [`${title}:\tWaiting`, ...(waiting?.reason ? [`  Reason:\t${waiting.reason}`] : [])];
  return [
    `${title}:\tTerminated`,
    ...indent([
      ...(terminated.reason ? [`Reason:\t${terminated.reason}`] : []),
      ...(terminated.message ? [`Message:\t${terminated.message.trimEnd().replaceAll('\n', '\n\t')}`] : []).flatMap(
        (text) => text.split('\n'),
      ),
      `Exit Code:\t${terminated.exitCode}`,
      ...(terminated.signal ? [`Signal:\t${terminated.signal}`] : []),
      `Started:\t${longTime(terminated.startedAt)}`,
      `Finished:\t${longTime(terminated.finishedAt)}`,
    ]),
  ];
}

export function resourceLines(title: string, resources: Readonly<Record<string, string>> | undefined): string[] {
  const entries = Object.entries(resources ?? {}).sort(byKey);
  return entries.length > 0 ? [`${title}:`, ...indent(entries.map(([name, amount]) => `${name}:\t${amount}`))] : [];
}

function mountLines({ volumeMounts = [] }: V1Container): string[] {
  if (volumeMounts.length === 0) return ['Mounts:\t<none>'];
  const sorted = [...volumeMounts].sort((a, b) => (a.mountPath < b.mountPath ? -1 : 1));
  return [
    'Mounts:',
    ...indent(
      sorted.map((mount) => {
        const path = mount.subPath ? `,path=${JSON.stringify(mount.subPath)}` : '';
        return `${mount.mountPath} from ${mount.name} (${mount.readOnly ? 'ro' : 'rw'}${path})`;
      }),
    ),
  ];
}
