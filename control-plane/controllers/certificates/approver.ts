import type { V1CertificateSigningRequest } from '#api/generated/types.ts';
import { certificateSigningRequests, leases, nodes } from '#api/kinds.ts';
import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { isNotFound } from '#api/status-error.ts';
import { messageOf } from '#base/error-message.ts';
import { revokeNode } from '#client/certificates/revoke-node.ts';
import { createController } from '#client/controller.ts';
import { createLruMap } from '#client/lru.ts';
import { after, done, type Reconcile, type Runnable } from '#client/reconciler.ts';
import { forObject } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { formatTime } from '../shared/time.ts';
import { judgeFacts, type Verdict } from './node-facts.ts';
import { isOurs, judgeForm, type NodeRequest } from './policy.ts';
import type { ParsedRequest } from './request.ts';

/** Names that were given to joining machines lately. */
const joinsMax = 10_000;
const joinWindowMs = 3_600_000;
const underWayMs = 200;

/** Decides on the requests of nodes and of machines that join; all others wait for a person. */
export function createApprover(context: ControllerContext, reserved: ReadonlySet<string>): Runnable {
  const { client, clock, informers } = context;
  const requests = informers.informer(certificateSigningRequests);
  const joined = createLruMap<{ readonly atMs: number; readonly request: string }>(joinsMax);

  /** Approved for an earlier machine of that name, and about to be signed: only what is signed can be revoked. */
  const isUnderWay = (name: string): boolean => {
    const earlier = requests.get({ name });
    return (
      earlier !== undefined &&
      !earlier.status?.certificate &&
      !hasCondition(earlier, 'Denied') &&
      !hasCondition(earlier, 'Failed')
    );
  };

  const find = async <T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    signal: AbortSignal,
  ): Promise<Stored<T> | undefined> => {
    try {
      return await client.get(type, key, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };

  const judge = async (
    found: Stored<V1CertificateSigningRequest>,
    signal: AbortSignal,
  ): Promise<{ verdict: Verdict; request?: NodeRequest; nodeExists?: boolean } | undefined> => {
    const { parseRequest } = await import('./request.ts');
    let parsed: ParsedRequest;
    try {
      parsed = await parseRequest(found.spec.request);
    } catch (error) {
      return { verdict: { kind: 'deny', reason: 'BadRequest', message: messageOf(error) } };
    }
    const form = judgeForm(found.spec, parsed);
    if (form.kind === 'not-ours') return undefined;
    if (form.kind === 'refused') return { verdict: { ...form, kind: 'deny' } };
    const { request } = form;
    const node = await find(nodes, { name: request.nodeName }, signal);
    const facts = {
      node,
      lease: await find(leases, { namespace: 'kube-node-lease', name: request.nodeName }, signal),
      nodes: request.kind === 'serving' ? (await client.list(nodes, { signal })).items : [],
      reserved,
      createdMs: Date.parse(found.metadata.creationTimestamp),
      nowMs: clock.now(),
    };
    return { verdict: judgeFacts(request, parsed, facts), request, nodeExists: node !== undefined };
  };

  const decide = async (
    found: Stored<V1CertificateSigningRequest>,
    type: 'Approved' | 'Denied',
    reason: string,
    message: string,
    signal: AbortSignal,
  ): Promise<void> => {
    const time = formatTime(clock.now());
    const condition = { type, status: 'True', reason, message, lastUpdateTime: time, lastTransitionTime: time };
    const status = { ...found.status, conditions: [...(found.status?.conditions ?? []), condition] };
    const { name } = found.metadata;
    const body: V1CertificateSigningRequest = { ...found, status };
    await client.updateSubresource(certificateSigningRequests, { name }, 'approval', body, { signal });
  };

  const reconcile: Reconcile = async (signal, key, log) => {
    const found = requests.get(key);
    if (!found || isDecided(found) || !isOurs(found.spec)) return done;
    const judged = await judge(found, signal);
    if (!judged) return done;
    const { verdict, request, nodeExists } = judged;
    if (verdict.kind === 'wait') return after(verdict.delayMs);
    if (verdict.kind === 'deny') {
      log?.info({ reason: verdict.reason, why: verdict.message, by: found.spec.username }, 'denied a certificate');
      await decide(found, 'Denied', verdict.reason, verdict.message, signal);
      return done;
    }
    if (request?.by === 'bootstrapper') {
      // One machine to a name: what an earlier one holds, dead or about to join too, is good for nothing from now on.
      const before = joined.get(request.nodeName);
      const { name } = found.metadata;
      if (before && before.request !== name && isUnderWay(before.request)) return after(underWayMs);
      const isAnother = before !== undefined && clock.now() - before.atMs < joinWindowMs;
      // Before anything is waited for: another request for the name must see this one.
      joined.set(request.nodeName, { atMs: clock.now(), request: name });
      if (nodeExists || isAnother) await revokeNode(client, request.nodeName, clock, signal);
    }
    log?.info({ node: request?.nodeName, kind: request?.kind }, 'approved a certificate');
    await decide(found, 'Approved', 'AutoApproved', `a ${request?.kind} certificate of the node itself`, signal);
    return done;
  };

  return createController({
    name: 'certificate-approver',
    queue: retries,
    reconcile,
    sources: [forObject(requests, (request) => !isDecided(request) && isOurs(request.spec))],
    clock,
    random: context.random,
    log: context.log,
  });
}

export const hasCondition = ({ status }: V1CertificateSigningRequest, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type) ?? false;

const isDecided = (request: V1CertificateSigningRequest): boolean =>
  hasCondition(request, 'Approved') || hasCondition(request, 'Denied') || Boolean(request.status?.certificate);
