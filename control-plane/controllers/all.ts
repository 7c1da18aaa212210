import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { EventRecorder } from '#client/event-recorder.ts';
import type { InformerFactory } from '#client/informer.ts';
import type { Runnable } from '#client/reconciler.ts';
import { createTokenCleaner } from './bootstrap-tokens/controller.ts';
import { createCertificateControllers } from './certificates/controllers.ts';
import { createDaemonSetController } from './daemonset/controller.ts';
import { createDeploymentController } from './deployment/controller.ts';
import { createDisruptionController } from './disruption/controller.ts';
import { createStaleDisruptionController } from './disruption/stale.ts';
import { createEndpointsController } from './endpoints/controller.ts';
import { createEndpointSlicesController } from './endpointslices/controller.ts';
import { createGarbageCollector } from './garbage-collector/controller.ts';
import { createNamespaceController } from './namespace/controller.ts';
import { createNodeIpamController } from './nodeipam/controller.ts';
import { createNodeLifecycleControllers } from './nodelifecycle/controller.ts';
import { createPodGcController } from './podgc/controller.ts';
import { createReplicaSetController } from './replicaset/controller.ts';
import { createServiceLbController } from './service-lb/controller.ts';
import { createServiceAccountController } from './serviceaccount/controller.ts';
import { type ControllerSettings, compileSettings } from './settings.ts';
import type { ControllerContext } from './shared/context.ts';
import { createStatefulSetController } from './statefulset/controller.ts';
import { createWithdrawalController } from './withdrawal/controller.ts';

export interface ControllersOptions {
  readonly client: ApiClient;
  /** Not started yet, or started: both are fine. */
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** One for all, or one for each component by its name (`deployment-controller`), which events then name as their source. */
  readonly recorder: EventRecorder | ((component: string) => EventRecorder);
  readonly settings?: ControllerSettings | undefined;
}

/**
 * All controllers there are. Run each once per cluster: behind leader election where there are several servers. Each may be run
 * again after it has ended, and then begins anew: what it remembered of a time before another leader's would be wrong.
 */
export function createControllers(options: ControllersOptions): Runnable[] {
  const { client, informers, clock, random, log, recorder } = options;
  const settings = compileSettings(options.settings);
  const part = (component: string, create: (context: ControllerContext) => readonly Runnable[]): Runnable => ({
    name: component,
    async run(signal) {
      const told = typeof recorder === 'function' ? recorder(component) : recorder;
      const context = { client, informers, clock, random, log, recorder: told };
      await Promise.all(create(context).map((runnable) => runnable.run(signal)));
    },
  });
  const { nodeIpam } = settings;
  const { signing } = settings;
  return [
    part('deployment-controller', (context) => [createDeploymentController(context)]),
    part('replicaset-controller', (context) => [createReplicaSetController(context)]),
    part('statefulset-controller', (context) => [createStatefulSetController(context)]),
    part('daemonset-controller', (context) => [createDaemonSetController(context)]),
    part('controllermanager', (context) => [
      createDisruptionController(context),
      createStaleDisruptionController(context),
    ]),
    part('endpoint-controller', (context) => [createEndpointsController(context)]),
    part('endpoint-slice-controller', (context) => [createEndpointSlicesController(context)]),
    part('endpoint-withdrawal-controller', (context) => [createWithdrawalController(context)]),
    part('service-controller', (context) => [createServiceLbController(context, settings.reservedPorts)]),
    part('serviceaccount-controller', (context) => [createServiceAccountController(context, settings.rootCa)]),
    part('namespace-controller', (context) => [createNamespaceController(context, settings.kinds)]),
    part('token-cleaner', (context) => [createTokenCleaner(context)]),
    ...(signing ? [part('certificate-controller', (context) => createCertificateControllers(context, signing))] : []),
    part('garbage-collector-controller', (context) => [createGarbageCollector(context, settings.kinds())]),
    part('pod-garbage-collector', (context) => [createPodGcController(context, settings.podGc)]),
    part('node-controller', (context) => createNodeLifecycleControllers(context, settings.nodes)),
    ...(nodeIpam ? [part('node-ipam-controller', (context) => [createNodeIpamController(context, nodeIpam)])] : []),
  ];
}
