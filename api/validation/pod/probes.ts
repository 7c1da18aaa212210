import { type FieldError, fieldForbidden, fieldInvalid, fieldRequired } from '../../field-error.ts';
import type {
  V1ExecAction,
  V1GRPCAction,
  V1HTTPGetAction,
  V1Lifecycle,
  V1Probe,
  V1SleepAction,
  V1TCPSocketAction,
} from '../../generated/types.ts';
import { all, nonNegative, oneOf, portNumberOrName, required } from '../fields.ts';
import { httpHeaderProblems } from '../formats.ts';

interface Handler {
  readonly exec?: V1ExecAction | undefined;
  readonly httpGet?: V1HTTPGetAction | undefined;
  readonly tcpSocket?: V1TCPSocketAction | undefined;
  readonly grpc?: V1GRPCAction | undefined;
  readonly sleep?: V1SleepAction | undefined;
}

/** What the three probes differ in. */
export type ProbeKind = 'liveness' | 'readiness' | 'startup';

export function probe(
  kind: ProbeKind,
  value: V1Probe | undefined,
  graceSeconds: number | undefined,
  field: string,
): FieldError[] {
  if (!value) return [];
  const grace = value.terminationGracePeriodSeconds;
  const errors = [
    ...handler(value, graceSeconds, field),
    ...nonNegative(value.initialDelaySeconds, `${field}.initialDelaySeconds`),
    ...nonNegative(value.timeoutSeconds, `${field}.timeoutSeconds`),
    ...nonNegative(value.periodSeconds, `${field}.periodSeconds`),
    ...nonNegative(value.successThreshold, `${field}.successThreshold`),
    ...nonNegative(value.failureThreshold, `${field}.failureThreshold`),
  ];
  if (grace !== undefined && grace <= 0) {
    errors.push(fieldInvalid(`${field}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  }
  if (kind === 'readiness') {
    if (grace !== undefined) {
      errors.push(fieldInvalid(`${field}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes'));
    }
  } else if (value.successThreshold !== 1) {
    errors.push(fieldInvalid(`${field}.successThreshold`, value.successThreshold ?? 0, 'must be 1'));
  }
  return errors;
}

export const lifecycle = (
  value: V1Lifecycle | undefined,
  graceSeconds: number | undefined,
  field: string,
): FieldError[] => [
  ...(value?.postStart ? handler(value.postStart, graceSeconds, `${field}.postStart`) : []),
  ...(value?.preStop ? handler(value.preStop, graceSeconds, `${field}.preStop`) : []),
];

function handler(value: Handler, graceSeconds: number | undefined, field: string): FieldError[] {
  const checks: [string, FieldError[] | undefined][] = [
    ['exec', value.exec && exec(value.exec, `${field}.exec`)],
    ['httpGet', value.httpGet && httpGet(value.httpGet, `${field}.httpGet`)],
    ['tcpSocket', value.tcpSocket && portNumberOrName(value.tcpSocket.port ?? 0, `${field}.tcpSocket.port`)],
    ['grpc', value.grpc && portNumberOrName(value.grpc.port ?? 0, `${field}.grpc.port`)],
    ['sleep', value.sleep && sleep(value.sleep, graceSeconds, `${field}.sleep`)],
  ];
  const given = checks.flatMap(([name, errors]) => (errors ? [{ name, errors }] : []));
  if (given.length === 0) return [fieldRequired(field, 'must specify a handler type')];
  return given.flatMap(({ name, errors }, index) =>
    index === 0 ? errors : [fieldForbidden(`${field}.${name}`, 'may not specify more than 1 handler type')],
  );
}

const exec = (action: V1ExecAction, field: string): FieldError[] =>
  (action.command ?? []).length === 0 ? [fieldRequired(`${field}.command`)] : [];

const httpGet = (action: V1HTTPGetAction, field: string): FieldError[] => [
  ...required(action.path, `${field}.path`),
  ...portNumberOrName(action.port ?? 0, `${field}.port`),
  ...oneOf(action.scheme ?? '', `${field}.scheme`, ['HTTP', 'HTTPS']),
  ...(action.httpHeaders ?? []).flatMap(({ name }) =>
    all(httpHeaderProblems(name ?? ''), `${field}.httpHeaders`, name ?? ''),
  ),
];

function sleep(action: V1SleepAction, graceSeconds: number | undefined, field: string): FieldError[] {
  if (graceSeconds === undefined || (action.seconds >= 0 && action.seconds <= graceSeconds)) return [];
  const words = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
  return [fieldInvalid(field, action.seconds, words)];
}
