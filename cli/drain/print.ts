import type { CliContext } from '../command.ts';
import { dryRunSuffix } from '../write-flags.ts';
import { describeBlocker } from './blockers.ts';
import type { DrainEvent, DrainOptions } from './options.ts';

/** Says what a drain does, in kubectl's words; what blocks it is told in ours as well, once for each state of it. */
export function printDrain(context: CliContext, dryRun: DrainOptions['dryRun']): (event: DrainEvent) => void {
  const suffix = dryRunSuffix(dryRun);
  const told = new Map<string, string>();
  const line = (text: string): void => void context.stdout.write(`${text}\n`);
  const warn = (text: string): void => void context.stderr.write(`${text}\n`);
  return (event) => {
    switch (event.kind) {
      case 'cordoned':
        return line(`node/${event.node} ${event.already ? 'already cordoned' : 'cordoned'}${suffix}`);
      case 'warning':
        return warn(`Warning: ${event.message}`);
      case 'evicting':
        return line(`evicting pod ${event.pod.namespace}/${event.pod.name}${suffix}`);
      case 'blocked': {
        const { pod, why, retryMs } = event;
        const retry = `(will retry after ${retryMs / 1000}s)`;
        warn(`error when evicting pods/"${pod.name}" -n "${pod.namespace}" ${retry}: ${why.message}`);
        const reason = describeBlocker(why);
        const id = `${pod.namespace}/${pod.name}`;
        if (reason !== why.message && told.get(id) !== reason) warn(`  ${reason}`);
        told.set(id, reason);
        return;
      }
      case 'gone':
        return line(`pod/${event.pod.name} ${event.deleted ? 'deleted' : 'evicted'}${suffix}`);
      case 'drained':
        return line(`node/${event.node} drained${suffix}`);
    }
  };
}
