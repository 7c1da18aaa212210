import { isJsonObject } from '#api/schema/record.ts';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { collect } from '../collect.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { evaluatePath, formatValue } from '../printers/jsonpath/evaluate.ts';
import { parsePath } from '../printers/jsonpath/parse.ts';
import { qualifiedName } from '../resources/names.ts';
import { type SelectFlags, selectObjects } from '../resources/select.ts';
import { parseDuration } from '../wait/duration.ts';
import { watchObject } from '../wait/watch-object.ts';

interface WaitFlags extends ClientFlags, SelectFlags {
  readonly for: string;
  readonly timeout: string;
}

export const command: CommandModule = {
  register(program, context) {
    clientFlags(program.command('wait'))
      .description('Wait until objects are as they should be.')
      .argument('[what...]', 'TYPE NAME..., TYPE/NAME..., or TYPE with -l or --all')
      .requiredOption('--for <state>', 'condition=NAME[=VALUE], jsonpath={PATH}=VALUE, delete or create')
      .option('--timeout <duration>', 'how long, for example 30s; 0 looks once; a negative one waits a week', '30s')
      .option('-f, --filename <path>', 'the objects that this file or folder names', collect)
      .option('-l, --selector <selector>', 'objects with these labels')
      .option('--field-selector <selector>', 'objects with these fields')
      .option('--all', 'all objects of the kind in the namespace')
      .option('-A, --all-namespaces', 'in every namespace')
      .addHelpText(
        'after',
        "\nExamples:\n  berth wait deploy/web --for=condition=Available\n  berth wait pod/job-1 --for=jsonpath='{.status.phase}'=Succeeded --timeout=2m\n  berth wait pod/web-1 --for=delete",
      )
      .action((what: string[], flags: WaitFlags) =>
        withConnection(context, flags, (connection) => wait(context, connection, what, flags)),
      );
  },
};

const weekMs = 7 * 24 * 3_600_000;

async function wait(
  context: CliContext,
  connection: Connection,
  what: readonly string[],
  flags: WaitFlags,
): Promise<void> {
  const goal = parseGoal(flags.for);
  const given = parseDuration('--timeout', flags.timeout);
  const endMs = context.clock.monotonicMs() + (given < 0 ? weekMs : given);
  const selected = await selectObjects(context, connection, what, flags);
  if (selected.length === 0) throw new CliError('no matching resources found');
  for (const { type, key } of selected) {
    const name = `${qualifiedName(type)}/${key.name}`;
    const reached = await watchObject(
      context,
      connection.client,
      type,
      key,
      (object) => {
        if (!object && goal.kind === 'met')
          throw new CliError(`Error from server (NotFound): ${type.resource} ${JSON.stringify(key.name)} not found`);
        return goal.kind === 'delete' ? !object : object !== undefined && goal.isMet(object);
      },
      Math.max(endMs - context.clock.monotonicMs(), 1_000),
    );
    if (!reached) throw new CliError(`timed out waiting for the condition on ${type.resource}/${key.name}`);
    context.stdout.write(
      `${name} ${goal.kind === 'delete' ? 'deleted' : goal.kind === 'create' ? 'created' : 'condition met'}\n`,
    );
  }
}

interface Goal {
  readonly kind: 'met' | 'delete' | 'create';
  isMet(object: object): boolean;
}

function parseGoal(text: string): Goal {
  if (text === 'delete' || text === 'create') return { kind: text, isMet: () => true };
  const condition = /^condition=([^=]+)(?:=(.+))?$/i.exec(text);
  if (condition)
    return { kind: 'met', isMet: (object) => hasCondition(object, condition[1] ?? '', condition[2] ?? 'true') };
  const path = /^jsonpath=\{?([^}]+)\}?(?:=(.*))?$/s.exec(text);
  if (path) {
    const steps = parsePath(path[1] ?? '');
    return {
      kind: 'met',
      isMet: (object) => {
        const found = evaluatePath(steps, object).map(formatValue);
        return path[2] === undefined ? found.length > 0 : found.includes(path[2]);
      },
    };
  }
  throw new CliError(`unrecognized condition: ${JSON.stringify(text)}`, {
    exitCode: 2,
    fix: 'Use condition=NAME, jsonpath={PATH}=VALUE, delete or create',
  });
}

/** A condition that speaks of an older generation of the object does not count. */
function hasCondition(object: object, name: string, value: string): boolean {
  const [condition] = evaluatePath(parsePath('.status.conditions[*]'), object).filter(
    (one) => isJsonObject(one) && String(one.type).toLowerCase() === name.toLowerCase(),
  );
  if (!isJsonObject(condition)) return false;
  const generation = Number(evaluatePath(parsePath('.metadata.generation'), object)[0] ?? 0);
  const observed = condition.observedGeneration ?? evaluatePath(parsePath('.status.observedGeneration'), object)[0];
  if (typeof observed === 'number' && observed < generation) return false;
  return String(condition.status).toLowerCase() === value.toLowerCase();
}
