import { messageOf } from '#base/error-message.ts';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { setUnschedulable } from '../drain/cordon.ts';
import { drainNode } from '../drain/drain.ts';
import type { DrainOptions } from '../drain/options.ts';
import { printDrain } from '../drain/print.ts';
import { selectNodes } from '../drain/select-nodes.ts';
import { parseDuration } from '../wait/duration.ts';
import { type DryRun, dryRunFlag } from '../write-flags.ts';

interface DrainFlags extends ClientFlags {
  readonly ignoreDaemonsets?: boolean;
  readonly deleteEmptydirData?: boolean;
  readonly force?: boolean;
  readonly gracePeriod: string;
  readonly timeout: string;
  readonly disableEviction?: boolean;
  readonly podSelector?: string;
  readonly selector?: string;
  readonly skipWaitForDeleteTimeout: string;
  readonly dryRun?: DryRun;
}

export const command: CommandModule = {
  register(program, context) {
    dryRunFlag(clientFlags(program.command('drain')))
      .description('Empty a node for maintenance: no new pods, and those that are there go elsewhere.')
      .argument('[nodes...]', 'their names')
      .option('--ignore-daemonsets', 'leave the pods of DaemonSets where they are')
      .option('--delete-emptydir-data', 'also pods whose emptyDir volumes are lost with them')
      .option('--force', 'also pods that no controller makes anew')
      .option('--grace-period <seconds>', 'for each pod to end by itself; -1: what the pod says', '-1')
      .option('--timeout <duration>', 'give up after, for example, 2m; 0: never', '0s')
      .option('--disable-eviction', 'delete the pods without asking disruption budgets')
      .option('--pod-selector <selector>', 'only pods with these labels')
      .option('-l, --selector <selector>', 'nodes with these labels')
      .option(
        '--skip-wait-for-delete-timeout <seconds>',
        'do not wait for pods that have been going for longer; 0: for all',
        '0',
      )
      .option('--chunk-size <count>', 'has no effect; kubectl has it')
      .addHelpText(
        'after',
        '\nExamples:\n  berth drain node-2 --ignore-daemonsets\n  berth drain node-2 --ignore-daemonsets --delete-emptydir-data --timeout=5m\n\nAfter the work: berth uncordon node-2',
      )
      .action((names: string[], flags: DrainFlags) =>
        withConnection(context, flags, (connection) => drain(context, connection, names, flags)),
      );
  },
};

async function drain(
  context: CliContext,
  { client }: Connection,
  names: readonly string[],
  flags: DrainFlags,
): Promise<void> {
  const { clock, signal } = context;
  const grace = whole('--grace-period', flags.gracePeriod);
  const options: DrainOptions = {
    clock,
    ignoreDaemonSets: flags.ignoreDaemonsets,
    deleteEmptyDirData: flags.deleteEmptydirData,
    force: flags.force,
    ...(grace >= 0 && { gracePeriodSeconds: grace }),
    timeoutMs: parseDuration('--timeout', flags.timeout),
    disableEviction: flags.disableEviction,
    podSelector: flags.podSelector,
    skipDeletedAfterSeconds: whole('--skip-wait-for-delete-timeout', flags.skipWaitForDeleteTimeout),
    dryRun: flags.dryRun,
    cordoned: true,
  };
  const report = printDrain(context, flags.dryRun);
  const nodes = await selectNodes(client, names, flags.selector, 'drain', signal);
  for (const node of nodes) {
    const changed = await setUnschedulable(client, node, true, flags.dryRun ?? 'none', signal);
    report({ kind: 'cordoned', node, already: !changed });
  }
  // What keeps one node from being emptied does not keep the others, as with kubectl.
  const failed: { readonly node: string; readonly error: CliError }[] = [];
  for (const node of nodes) {
    try {
      await drainNode(client, node, options, report, signal);
    } catch (cause) {
      signal.throwIfAborted();
      const why = messageOf(cause);
      const message = `unable to drain node ${JSON.stringify(node)} due to error: ${why}`;
      failed.push({ node, error: new CliError(message, { fix: fixFor(why, node, flags), cause }) });
    }
  }
  const last = failed.pop();
  if (!last) return;
  for (const { error } of failed) context.stderr.write(`error: ${error.message}\n  ${error.fix}\n`);
  const pending = [...failed, last].map(({ node }) => ` ${node}\n`);
  context.stderr.write(`There are pending nodes to be drained:\n${pending.join('')}`);
  throw last.error;
}

/** The flags that would let the drain go on, or how to undo what it did. */
function fixFor(why: string, node: string, given: DrainFlags): string {
  const missing = why.match(/--(ignore-daemonsets|delete-emptydir-data|force)/g) ?? [];
  const flags = new Set([
    ...(given.ignoreDaemonsets ? ['--ignore-daemonsets'] : []),
    ...(given.deleteEmptydirData ? ['--delete-emptydir-data'] : []),
    ...(given.force ? ['--force'] : []),
    ...missing,
  ]);
  return missing.length > 0
    ? `If that is meant: berth drain ${node} ${[...flags].join(' ')}`
    : `The node takes no new pods now. Try again, or let it: berth uncordon ${node}`;
}

function whole(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value)) return value;
  throw new CliError(`${flag} must be a whole number of seconds, but is ${JSON.stringify(text)}`, { exitCode: 2 });
}
