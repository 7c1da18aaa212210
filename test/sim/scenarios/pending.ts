import type { V1Deployment, V1EndpointSlice, V1Pod } from '#api/generated/types.ts';
import {
  appOf,
  hasEnded,
  isAvailable,
  isDeployment,
  isEndpointSlice,
  isGoing,
  isNode,
  isPod,
  isTrue,
  nameOf,
} from '../world/views.ts';
import type { World } from '../world/world.ts';

/** What is not yet as it should be, in words; nothing: the cluster is whole. */
export function pending(world: World): readonly string[] {
  const { history, machines } = world;
  const dead = new Set(machines.filter(({ alive }) => !alive).map(({ name }) => name));
  const nodes = history.objects('minions').filter(isNode);
  const pods = history.objects('pods').filter(isPod);
  const deployments = history.objects('deployments').filter(isDeployment);
  const slices = history.objects('endpointslices').filter(isEndpointSlice);
  return [
    ...machines.flatMap(({ name, alive }) => {
      const node = nodes.find((one) => nameOf(one) === name);
      return alive && !(node && isTrue(node, 'Ready')) ? [`node ${name} is not ready`] : [];
    }),
    ...deployments.flatMap((deployment) =>
      unfinished(
        deployment,
        pods.filter((pod) => appOf(pod) === nameOf(deployment)),
        dead,
      ),
    ),
    ...pods
      .filter(({ spec }) => spec?.nodeName !== undefined && !nodes.some((node) => nameOf(node) === spec.nodeName))
      .map((pod) => `pod ${nameOf(pod)} is left of ${pod.spec?.nodeName}, which is gone`),
    ...deployments.flatMap((deployment) => unserved(nameOf(deployment), pods, slices)),
  ];
}

/** The service's ready endpoints are the app's available pods, each once. */
function unserved(app: string, pods: readonly V1Pod[], slices: readonly V1EndpointSlice[]): string[] {
  const wanted = pods
    .filter((pod) => appOf(pod) === app && isAvailable(pod))
    .map(nameOf)
    .sort();
  const told = slices
    .filter(({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === app)
    .flatMap(({ endpoints = [] }) => endpoints.filter(({ conditions }) => conditions?.ready))
    .map(({ targetRef }) => targetRef?.name ?? '')
    .sort();
  return wanted.join() === told.join() ? [] : [`service ${app} leads to [${told}], its available pods are [${wanted}]`];
}

function unfinished(deployment: V1Deployment, pods: readonly V1Pod[], dead: ReadonlySet<string>): string[] {
  const name = nameOf(deployment);
  const replicas = deployment.spec?.replicas ?? 1;
  const image = deployment.spec?.template.spec?.containers[0]?.image;
  const problems: string[] = [];
  let right = 0;
  for (const pod of pods) {
    const onDead = dead.has(pod.spec?.nodeName ?? '');
    // Nobody is left on a dead machine to confirm that a pod has stopped.
    if (hasEnded(pod) || (isGoing(pod) && onDead)) continue;
    const isRight = !isGoing(pod) && !onDead && isTrue(pod, 'Ready') && pod.spec?.containers[0]?.image === image;
    if (isRight) right += 1;
    else
      problems.push(
        `pod ${nameOf(pod)} on ${pod.spec?.nodeName ?? 'no node'}: ${pod.status?.phase}${isGoing(pod) ? ', going' : ''}`,
      );
  }
  if (right !== replicas) problems.push(`deployment ${name} has ${right} of ${replicas} pods as wanted`);
  const {
    observedGeneration = 0,
    updatedReplicas = 0,
    availableReplicas = 0,
    replicas: counted = 0,
  } = deployment.status ?? {};
  const told = [updatedReplicas, availableReplicas, counted].every((count) => count === replicas);
  if (!told || observedGeneration < (deployment.metadata?.generation ?? 0))
    problems.push(`the status of deployment ${name} says ${JSON.stringify(deployment.status)}`);
  return problems;
}
