import type { V1Pod } from '#api/generated/types.ts';
import { daemonSets, pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isNotFound, StatusError } from '#api/status-error.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { DrainOptions } from './options.ts';

export interface PodsToDrain {
  readonly pods: readonly Stored<V1Pod>[];
  /** In kubectl's words, one sentence for each kind of thing the user has asked to be overlooked. */
  readonly warnings: readonly string[];
  /** What the user must first agree to. */
  readonly refusals: readonly string[];
}

type Verdict =
  | { readonly kind: 'evict' | 'leave'; readonly warning?: string }
  | { readonly kind: 'refuse'; readonly why: string };

const evict: Verdict = { kind: 'evict' };

/** Which of the node's pods a drain sends away, in the order and with the rules of kubectl. */
export async function podsToDrain(
  client: ApiClient,
  node: string,
  options: DrainOptions,
  signal: AbortSignal,
): Promise<PodsToDrain> {
  const { items } = await client.list(pods, {
    fieldSelector: `spec.nodeName=${node}`,
    labelSelector: options.podSelector,
    signal,
  });
  const chosen: Stored<V1Pod>[] = [];
  const warnings = new Map<string, string[]>();
  const refusals = new Map<string, string[]>();
  const note = (map: Map<string, string[]>, words: string, pod: Stored<V1Pod>): void => {
    map.set(words, [...(map.get(words) ?? []), `${pod.metadata.namespace}/${pod.metadata.name}`]);
  };
  for (const pod of items) {
    const verdicts = await judge(client, pod, options, signal);
    const refused = verdicts.find((verdict) => verdict.kind === 'refuse');
    for (const verdict of verdicts)
      if (verdict.kind !== 'refuse' && verdict.warning) note(warnings, verdict.warning, pod);
    if (refused) note(refusals, refused.why, pod);
    else if (verdicts.every(({ kind }) => kind === 'evict')) chosen.push(pod);
  }
  const sentences = (map: ReadonlyMap<string, readonly string[]>, prefix = ''): string[] =>
    [...map].map(([words, names]) => `${prefix}${words}: ${names.join(', ')}`);
  return { pods: chosen, warnings: sentences(warnings), refusals: sentences(refusals, 'cannot delete ') };
}

/** The rules one after the other; the first that leaves the pod alone, or refuses, is the last that is asked. */
async function judge(
  client: ApiClient,
  pod: Stored<V1Pod>,
  options: DrainOptions,
  signal: AbortSignal,
): Promise<readonly Verdict[]> {
  const rules = [
    () => ofDaemonSet(client, pod, options, signal),
    () => ofMirror(pod),
    () => ofLocalStorage(pod, options),
    () => ofNobody(pod, options),
    () => ofDeleted(pod, options),
  ];
  const verdicts: Verdict[] = [];
  for (const rule of rules) {
    const verdict = await rule();
    verdicts.push(verdict);
    if (verdict.kind !== 'evict') break;
  }
  return verdicts;
}

const controllerOf = ({ metadata }: Stored<V1Pod>) => metadata.ownerReferences?.find((owner) => owner.controller);

const hasEnded = ({ status }: V1Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** Its controller ignores that a node takes no new pods, and would put the pod back at once. */
async function ofDaemonSet(
  client: ApiClient,
  pod: Stored<V1Pod>,
  { ignoreDaemonSets, force }: DrainOptions,
  signal: AbortSignal,
): Promise<Verdict> {
  const owner = controllerOf(pod);
  if (owner?.kind !== 'DaemonSet' || !owner.apiVersion.startsWith('apps/') || hasEnded(pod)) return evict;
  try {
    await client.get(daemonSets, { namespace: pod.metadata.namespace, name: owner.name }, { signal });
  } catch (error) {
    // A machine that drains itself may not look: its pods are taken for what they say they are.
    if (error instanceof StatusError && error.code === 403) return ofDaemonSetThatIs(ignoreDaemonSets);
    if (!isNotFound(error)) throw error;
    const why = `Pods whose daemonset "${owner.name}" is gone (use --force to override)`;
    return force
      ? { kind: 'evict', warning: `deleting Pods whose daemonset "${owner.name}" is gone` }
      : { kind: 'refuse', why };
  }
  return ofDaemonSetThatIs(ignoreDaemonSets);
}

const ofDaemonSetThatIs = (ignore: boolean | undefined): Verdict =>
  ignore
    ? { kind: 'leave', warning: 'ignoring DaemonSet-managed Pods' }
    : { kind: 'refuse', why: 'DaemonSet-managed Pods (use --ignore-daemonsets to ignore)' };

/** Made by the node itself from a file; the server cannot end them. */
const ofMirror = ({ metadata }: Stored<V1Pod>): Verdict =>
  metadata.annotations?.['kubernetes.io/config.mirror'] === undefined ? evict : { kind: 'leave' };

function ofLocalStorage(pod: Stored<V1Pod>, { deleteEmptyDirData }: DrainOptions): Verdict {
  const hasLocal = pod.spec?.volumes?.some(({ emptyDir }) => emptyDir !== undefined) ?? false;
  if (!hasLocal || hasEnded(pod)) return evict;
  return deleteEmptyDirData
    ? { kind: 'evict', warning: 'deleting Pods with local storage' }
    : { kind: 'refuse', why: 'Pods with local storage (use --delete-emptydir-data to override)' };
}

function ofNobody(pod: Stored<V1Pod>, { force }: DrainOptions): Verdict {
  if (hasEnded(pod) || controllerOf(pod)) return evict;
  return force
    ? { kind: 'evict', warning: 'deleting Pods that declare no controller' }
    : { kind: 'refuse', why: 'Pods that declare no controller (use --force to override)' };
}

function ofDeleted({ metadata }: Stored<V1Pod>, { skipDeletedAfterSeconds = 0, clock }: DrainOptions): Verdict {
  const since = metadata.deletionTimestamp;
  if (skipDeletedAfterSeconds <= 0 || since === undefined) return evict;
  return clock.now() - Date.parse(since) > skipDeletedAfterSeconds * 1000 ? { kind: 'leave' } : evict;
}
