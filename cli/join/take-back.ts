import { cpSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodes } from '#api/kinds.ts';
import { isNotFound } from '#api/status-error.ts';
import { messageOf } from '#base/error-message.ts';
import { createHttpClient } from '#client/http-client.ts';
import { HostError } from '#host/errors.ts';
import type { HostLayout } from '#host/layout.ts';
import { removeEverything } from '#host/removal/removal.ts';
import { type CliContext, CliError } from '../command.ts';
import type { Progress } from '../progress.ts';
import { stopMachine } from '../up/dismantle.ts';
import type { Admitted } from './admit.ts';
import { nodeAccess } from './node-access.ts';

/**
 * Removes everything that a failed join has made here and in the cluster, apart from packages. Returns the error to end
 * with: what had failed, and where the logs were put.
 */
export async function takeBack(
  layout: HostLayout,
  { settings, keys, isNew, error }: Admitted & { readonly error: unknown },
  progress: Progress,
  context: CliContext,
): Promise<unknown> {
  const failed: string[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    await work().catch((reason: unknown) => failed.push(`${what}: ${messageOf(reason)}`));
  };
  progress.doing('removing', 'what was made so far');
  await attempt('processes', () => stopMachine(layout, context, () => {}));
  if (isNew) await attempt(`node ${settings.nodeName}`, () => deleteNode());
  const logs = existsSync(layout.logDir) ? mkdtempSync(join(tmpdir(), 'berth-join-')) : undefined;
  if (logs) cpSync(layout.logDir, logs, { recursive: true });
  await attempt('files', () => removeEverything(layout, context.clock));
  progress.done('removed', 'all that join made here; packages that it installed stay');

  if (failed.length > 0) {
    return new CliError(`${messageOf(error)}\nand not all could be removed again:\n  ${failed.join('\n  ')}`, {
      fix: 'Remove the rest with: berth down --purge',
      cause: error,
    });
  }
  if (context.signal.aborted) {
    if (logs) progress.line(`  The logs were kept in ${logs}`);
    return error;
  }
  const fix = error instanceof HostError || error instanceof CliError ? error.fix : undefined;
  return new CliError(messageOf(error), {
    fix: [logs ? fix?.replaceAll(layout.logDir, logs) : fix, logs && `The logs were kept in ${logs}`]
      .filter(Boolean)
      .join('\n  '),
    cause: error,
  });

  async function deleteNode(): Promise<void> {
    const client = createHttpClient(nodeAccess(settings, keys));
    try {
      const signal = AbortSignal.timeout(deleteMaxMs);
      await client.delete(nodes, { name: settings.nodeName }, { signal });
    } catch (reason) {
      if (!isNotFound(reason)) throw reason;
    } finally {
      await client.close();
    }
  }
}

const deleteMaxMs = 10_000;
