import { configMaps, namespaces, serviceAccounts } from '#api/kinds.ts';
import type { ObjectKey } from '#api/meta.ts';
import { isAlreadyExists, isNotFound, StatusError } from '#api/status-error.ts';
import { createController } from '#client/controller.ts';
import { done, type Reconcile, type Runnable } from '#client/reconciler.ts';
import { forObject, mapped } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';

const rootCaName = 'kube-root-ca.crt';
const rootCaNote = 'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints.';

/** Gives every namespace what pods expect to find: the `default` service account and, if a CA is given, its certificate. */
export function createServiceAccountController(context: ControllerContext, rootCa: string | undefined): Runnable {
  const { client, informers } = context;
  const caches = {
    namespaces: informers.informer(namespaces),
    serviceAccounts: informers.informer(serviceAccounts),
    configMaps: informers.informer(configMaps),
  };

  const ensureRootCa = async (namespace: string, signal: AbortSignal): Promise<void> => {
    if (rootCa === undefined) return;
    const current = caches.configMaps.get({ namespace, name: rootCaName });
    if (current?.data?.['ca.crt'] === rootCa) return;
    const data = { 'ca.crt': rootCa };
    if (current) {
      await client.update(configMaps, { ...current, data }, { signal });
      return;
    }
    const annotations = { 'kubernetes.io/description': rootCaNote };
    await ignoreExisting(
      client.create(configMaps, { metadata: { namespace, name: rootCaName, annotations }, data }, { signal }),
    );
  };

  const reconcile: Reconcile = async (signal, { name: namespace }) => {
    const owner = caches.namespaces.get({ name: namespace });
    if (!owner || owner.metadata.deletionTimestamp !== undefined) return done;
    if (!caches.serviceAccounts.get({ namespace, name: 'default' })) {
      await ignoreExisting(client.create(serviceAccounts, { metadata: { namespace, name: 'default' } }, { signal }));
    }
    await ensureRootCa(namespace, signal);
    return done;
  };

  const ofNamespace = (object: { metadata: { namespace?: string | undefined } }): readonly ObjectKey[] => [
    { name: object.metadata.namespace ?? '' },
  ];
  return createController({
    name: 'serviceaccount',
    queue: retries,
    reconcile,
    sources: [
      forObject(caches.namespaces),
      mapped(caches.serviceAccounts, (account) => (account.metadata.name === 'default' ? ofNamespace(account) : [])),
      mapped(caches.configMaps, (map) => (map.metadata.name === rootCaName ? ofNamespace(map) : [])),
    ],
    clock: context.clock,
    random: context.random,
    log: context.log,
  });
}

/** Somebody was quicker, or the namespace is going or gone: both are fine. */
async function ignoreExisting(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    const isGoing = error instanceof StatusError && error.reason === 'Forbidden';
    if (!isAlreadyExists(error) && !isNotFound(error) && !isGoing) throw error;
  }
}
