import type { V1ContainerStatus } from '#api/generated/types.ts';
import type { Clock } from '#base/clock.ts';
import { type LogOptions, readLogs } from '../logs/reader.ts';
import type { FoundContainer, FoundPod, PodLookup } from '../pods/lookup.ts';
import { RefusedError } from './refused.ts';

export interface LogsRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly query: URLSearchParams;
}

/** The bytes of `/containerLogs/<namespace>/<pod>/<container>`. Throws a RefusedError before the first byte. */
export function openLogs(
  { namespace, pod: name, container, query }: LogsRequest,
  pods: PodLookup,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const pod = pods.find(namespace, name);
  if (!pod) throw new RefusedError(404, `pod "${name}" not found`);
  const attempts = pod.containers(container);
  if (!attempts) throw new RefusedError(404, `container ${container} not found in pod ${name}`);
  const previous = isTrue(query.get('previous'));
  const attempt = previous ? findPrevious(pod, container, attempts) : attempts[0];
  if (!attempt && previous) {
    throw new RefusedError(400, `previous terminated container "${container}" in pod "${name}" not found`);
  }
  if (!attempt) {
    throw new RefusedError(
      400,
      `container "${container}" in pod "${name}" is waiting to start: ${waitingReason(pod, container)}`,
    );
  }
  const isRunning = async () =>
    pods
      .find(namespace, name)
      ?.containers(container)
      ?.some(({ id, running }) => id === attempt.id && running) ?? false;
  const options = readOptions(query, clock);
  return readLogs(
    attempt.logPath,
    { ...options, follow: options.follow && attempt.running },
    { clock, signal, isRunning },
  );
}

const statusesOf = ({ pod }: FoundPod): V1ContainerStatus[] => {
  const { containerStatuses, initContainerStatuses, ephemeralContainerStatuses } = pod.status ?? {};
  return [containerStatuses, initContainerStatuses, ephemeralContainerStatuses].flatMap((each) => each ?? []);
};

const waitingReason = (pod: FoundPod, container: string): string =>
  statusesOf(pod).find(({ name }) => name === container)?.state?.waiting?.reason ?? 'ContainerCreating';

/** The one that the pod's status calls the last one; in a crash loop that is the newest, which does not run any more. */
function findPrevious(
  pod: FoundPod,
  container: string,
  attempts: readonly FoundContainer[],
): FoundContainer | undefined {
  const last = statusesOf(pod).find(({ name }) => name === container)?.lastState?.terminated?.containerID;
  const named = attempts.find(({ id }) => last?.endsWith(`://${id}`));
  return named ?? attempts.slice(1).find(({ running }) => !running);
}

function readOptions(query: URLSearchParams, clock: Clock): LogOptions {
  const sinceSeconds = wholeNumber(query, 'sinceSeconds', 1);
  const sinceTime = query.get('sinceTime');
  const sinceTimeMs = sinceTime ? Date.parse(sinceTime) : undefined;
  if (sinceTimeMs !== undefined && Number.isNaN(sinceTimeMs))
    throw new RefusedError(400, `invalid sinceTime "${sinceTime}"`);
  const stream = query.get('stream')?.toLowerCase();
  return {
    follow: isTrue(query.get('follow')),
    timestamps: isTrue(query.get('timestamps')),
    tailLines: wholeNumber(query, 'tailLines', 0),
    limitBytes: wholeNumber(query, 'limitBytes', 1),
    sinceMs: sinceSeconds === undefined ? sinceTimeMs : clock.now() - sinceSeconds * 1000,
    streams: stream === 'stdout' || stream === 'stderr' ? stream : undefined,
  };
}

/** As Go's strconv.ParseBool, and an empty value counts as given. */
const isTrue = (value: string | null): boolean =>
  value !== null && ['', '1', 't', 'true'].includes(value.toLowerCase());

function wholeNumber(query: URLSearchParams, name: string, min: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : -1;
  if (value < min) throw new RefusedError(400, `invalid value for "${name}": "${text}"`);
  return value;
}
