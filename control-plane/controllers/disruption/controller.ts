import type { V1Pod } from '#api/generated/types.ts';
import { podDisruptionBudgets, pods } from '#api/kinds.ts';
import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import {
  formatLabelSelector,
  fromLabelSelectorObject,
  type LabelSelector,
  matchesLabels,
  nothingSelector,
} from '#api/selectors/labels.ts';
import { createController } from '#client/controller.ts';
import { keyOf } from '#client/key.ts';
import { after, done, type Reconcile, type Runnable } from '#client/reconciler.ts';
import { forObject, mapped } from '#client/sources.ts';
import { isSame } from '../shared/canonical.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { ignoreGone } from '../shared/gone.ts';
import { type Budget, planBudget } from './plan.ts';
import { createExpectedScale } from './scale.ts';

/** Says of every PodDisruptionBudget how many of its pods may be missing now; evictions go by that. */
export function createDisruptionController(context: ControllerContext): Runnable {
  const { client, informers, clock, random, log, recorder } = context;
  const caches = { budgets: informers.informer(podDisruptionBudgets), pods: informers.informer(pods) };
  const expectedScale = createExpectedScale(informers);

  const budgetsIn = (namespace: string | undefined): readonly ObjectKey[] => caches.budgets.list(namespace).map(keyOf);
  const budgetsOf = (pod: Stored<V1Pod>): readonly ObjectKey[] =>
    caches.budgets
      .list(pod.metadata.namespace)
      .filter((budget) => matchesLabels(selectorOf(budget), pod.metadata.labels))
      .map(keyOf);

  const tell = (budget: Budget, selected: readonly Stored<V1Pod>[], unmanaged: number, error?: string): void => {
    if (selected.length === 0) recorder.record(budget, 'Normal', 'NoPods', 'No matching pods found');
    if (error !== undefined) {
      const message = `Failed to calculate the number of expected pods: ${error}`;
      recorder.record(budget, 'Warning', 'CalculateExpectedPodCountFailed', message);
    }
    if (unmanaged > 0) {
      const selector = formatLabelSelector(fromLabelSelectorObject(budget.spec?.selector ?? {}));
      const message = `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
      recorder.record(budget, 'Warning', 'UnmanagedPods', message);
    }
  };

  const reconcile: Reconcile = async (signal, key) => {
    const budget = caches.budgets.get(key);
    if (!budget) return done;
    const { namespace, name } = budget.metadata;
    const selector = selectorOf(budget);
    const selected = caches.pods.list(namespace).filter(({ metadata }) => matchesLabels(selector, metadata.labels));
    const plan = planBudget(budget, selected, expectedScale, clock.now());
    tell(budget, selected, plan.unmanaged.length, plan.error);
    for (const pod of plan.notDeleted) {
      const message = `Pod was expected by PDB ${namespace}/${name} to be deleted but it wasn't`;
      recorder.record(pod, 'Warning', 'NotDeleted', message);
    }
    if (!isSame(budget.status ?? {}, plan.status)) {
      await ignoreGone(client.updateStatus(podDisruptionBudgets, { ...budget, status: plan.status }, { signal }));
    }
    return plan.againInMs === undefined ? done : after(plan.againInMs);
  };

  return createController({
    name: 'disruption',
    queue: retries,
    reconcile,
    sources: [
      forObject(caches.budgets),
      mapped(caches.pods, budgetsOf),
      ...expectedScale.sources.map((cache) =>
        mapped<KubeObject>(cache, ({ metadata }) => budgetsIn(metadata.namespace)),
      ),
    ],
    clock,
    random,
    log,
  });
}

/** An empty selector takes all pods of the namespace, a missing one none. */
const selectorOf = ({ spec }: Budget): LabelSelector =>
  spec?.selector ? fromLabelSelectorObject(spec.selector) : nothingSelector;
