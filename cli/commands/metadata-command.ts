import type { KubeObject } from '#api/meta.ts';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { collect } from '../collect.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { qualifiedName } from '../resources/names.ts';
import { type SelectFlags, selectObjects } from '../resources/select.ts';
import { type DryRun, dryRunFlag, dryRunSuffix } from '../write-flags.ts';

interface MetadataFlags extends ClientFlags, SelectFlags {
  readonly overwrite?: boolean;
  readonly list?: boolean;
  readonly dryRun?: DryRun;
}

/** `label` and `annotate` are one thing on two maps. */
export function metadataCommand(
  verb: 'label' | 'annotate',
  field: 'labels' | 'annotations',
  past: string,
): CommandModule {
  return {
    register(program, context) {
      dryRunFlag(clientFlags(program.command(verb)))
        .description(`Set or remove ${field} of objects.`)
        .argument('<what...>', `TYPE NAME... or TYPE/NAME..., then KEY=VALUE to set or KEY- to remove`)
        .option('--overwrite', `also change ${field} that have another value`)
        .option('--list', `print the ${field}`)
        .option('-l, --selector <selector>', 'objects with these labels')
        .option('--all', 'all objects of the kind in the namespace')
        .option('-f, --filename <path>', 'the objects that this file or folder names', collect)
        .addHelpText(
          'after',
          `\nExamples:\n  berth ${verb} pod web-1 tier=front\n  berth ${verb} pods -l app=web tier=back --overwrite\n  berth ${verb} deploy/web tier-`,
        )
        .action((what: string[], flags: MetadataFlags) =>
          withConnection(context, flags, (connection) => change(context, connection, what, flags, field, past)),
        );
    },
  };
}

async function change(
  context: CliContext,
  connection: Connection,
  what: readonly string[],
  flags: MetadataFlags,
  field: 'labels' | 'annotations',
  past: string,
): Promise<void> {
  const isChange = (word: string): boolean => /^[^=/]*(\/[^=/]+)?=/.test(word) || /[^/]-$/.test(word);
  const firstChange = what.findIndex((word, index) => index > 0 && isChange(word));
  const at = firstChange < 0 ? what.length : firstChange;
  const changes = what.slice(at).map(parseChange);
  if (changes.length === 0 && !flags.list) {
    throw new CliError(`at least one ${field === 'labels' ? 'label' : 'annotation'} update is required`, {
      exitCode: 2,
      fix: 'Write KEY=VALUE to set one, KEY- to remove one',
    });
  }
  for (const { type, key } of await selectObjects(context, connection, what.slice(0, at), flags)) {
    const object = await connection.client.get(type, key, { signal: context.signal });
    const name = `${qualifiedName(type)}/${key.name}`;
    const before = object.metadata[field] ?? {};
    refuseOverwrite(before, changes, flags.overwrite ?? false, field);
    const differs = changes.some(({ name: one, value }) => before[one] !== value);
    const body: KubeObject = {
      metadata: { [field]: Object.fromEntries(changes.map(({ name: one, value }) => [one, value ?? null])) },
    };
    const dryRun = flags.dryRun === 'server';
    if (differs && flags.dryRun !== 'client') {
      await connection.client.patch(type, key, { type: 'merge', body }, { dryRun, signal: context.signal });
    }
    if (flags.list) {
      for (const [one, value] of Object.entries(before).sort()) context.stdout.write(`${one}=${value}\n`);
    } else context.stdout.write(`${name} ${differs ? past : `not ${past}`}${dryRunSuffix(flags.dryRun)}\n`);
  }
}

interface Change {
  readonly name: string;
  /** Undefined: to be removed. */
  readonly value: string | undefined;
}

function parseChange(word: string): Change {
  const at = word.indexOf('=');
  if (at > 0) return { name: word.slice(0, at), value: word.slice(at + 1) };
  if (at < 0 && word.endsWith('-') && word.length > 1) return { name: word.slice(0, -1), value: undefined };
  throw new CliError(`${JSON.stringify(word)} is neither KEY=VALUE nor KEY-`, { exitCode: 2 });
}

function refuseOverwrite(
  before: Readonly<Record<string, string>>,
  changes: readonly Change[],
  overwrite: boolean,
  field: string,
): void {
  if (overwrite) return;
  for (const { name, value } of changes) {
    if (value !== undefined && before[name] !== undefined && before[name] !== value) {
      throw new CliError(`'${name}' already has a value (${before[name]}), and --overwrite is false`, {
        fix: `Add --overwrite to change the ${field}`,
      });
    }
  }
}
