import type { V1Pod, V1Service } from './generated/types.ts';

/** On a node's lease: every change of an endpoint slice up to this resourceVersion stands in the node's rules. */
export const endpointsAppliedAnnotation = 'berth.dev/endpoints-applied';

/** On a pod that is being deleted, or whose machine goes down: no live node sends new connections to it any more. */
export const endpointsWithdrawnCondition = 'berth.dev/EndpointsWithdrawn';

/** Whether an endpoint of the pod in this service has to be withdrawn before the pod may be stopped. */
export function isServedBy(service: V1Service, pod: V1Pod): boolean {
  const { selector = {}, type, publishNotReadyAddresses } = service.spec ?? {};
  // Such a service asks for traffic to pods that are not ready: nothing is withdrawn from it.
  if (type === 'ExternalName' || publishNotReadyAddresses === true) return false;
  if (service.metadata?.namespace !== pod.metadata?.namespace) return false;
  const wanted = Object.entries(selector);
  const labels = pod.metadata?.labels ?? {};
  return wanted.length > 0 && wanted.every(([name, value]) => labels[name] === value);
}

/** The pod's machine goes down, and the pod wants to be stopped as if it were deleted: the condition is there, and False. */
export const asksForWithdrawal = (pod: V1Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === endpointsWithdrawnCondition && status === 'False') ??
  false;

export const isWithdrawn = (pod: V1Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === endpointsWithdrawnCondition && status === 'True') ??
  false;

/** Something of a service may be on its way to the pod: it has an address of its own, and has not ended. */
export function isReachable(pod: V1Pod): boolean {
  const { phase, podIP } = pod.status ?? {};
  return pod.spec?.hostNetwork !== true && podIP !== undefined && phase !== 'Succeeded' && phase !== 'Failed';
}
