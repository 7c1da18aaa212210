/** Follows the cluster's setting of registries: containerd's files, and the credentials of pulls. */
import { readFile, rm } from 'node:fs/promises';
import { registriesName } from '#api/certificates.ts';
import type { V1Secret } from '#api/generated/types.ts';
import { secrets } from '#api/kinds.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/error-message.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { EventRecorder } from '#client/event-recorder.ts';
import { createInformer } from '#client/informers/create.ts';
import type { Runnable } from '#client/reconciler.ts';
import type { ImageAuth } from '../../runtime/runtime.ts';
import { registryAuths } from './credentials.ts';
import { replaceFile, writeFolder } from './folder.ts';
import { hostsFiles } from './hosts-files.ts';
import type { Registries } from './setting.ts';

export interface ClusterRegistriesOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly recorder: EventRecorder;
  readonly nodeName: string;
  /** containerd's certs.d: all that is in it is ours. */
  readonly certsDir: string;
  /** Where the last good setting is kept, for a start without the server. */
  readonly stateFile: string;
}

export interface ClusterRegistries extends Runnable {
  /** The cluster's credentials for an image; none: it is pulled without. */
  authsFor(image: string): readonly ImageAuth[];
}

const retryMs = 5_000;
/** Of the Secret `registriesName`. */
const key = 'registries.yaml';
const noRegistries: Registries = { mirrors: new Map(), configs: new Map() };
/** The YAML library weighs megabytes, and most clusters have no such setting. */
const parser = () => import('./setting.ts');

export function createClusterRegistries(options: ClusterRegistriesOptions): ClusterRegistries {
  const { client, clock, random, log, recorder, nodeName, certsDir, stateFile } = options;
  let current: Registries = noRegistries;

  /** Undefined: there is no such Secret. Rejects when the disk does not take it. */
  const apply = async (secret: V1Secret | undefined): Promise<void> => {
    if (!secret) {
      await writeFolder(certsDir, new Map());
      await rm(stateFile, { force: true });
      current = noRegistries;
      return;
    }
    const wanted = await read(secret);
    if (wanted === undefined) return;
    await writeFolder(certsDir, hostsFiles(wanted.registries));
    await replaceFile(stateFile, wanted.text);
    current = wanted.registries;
  };

  /** Undefined when it cannot be used: the one before stays. */
  const read = async (secret: V1Secret): Promise<{ text: string; registries: Registries } | undefined> => {
    try {
      const encoded = secret.data?.[key];
      if (encoded === undefined) throw new Error(`it has no key ${key}`);
      const text = Buffer.from(encoded, 'base64').toString('utf8');
      return { text, registries: (await parser()).parseRegistries(text) };
    } catch (error) {
      const message = `node ${nodeName} keeps the registries that it had: ${messageOf(error)}`;
      recorder.record(secret, 'Warning', 'InvalidRegistries', message);
      log.warn({ why: messageOf(error) }, 'the setting of registries cannot be used');
      return undefined;
    }
  };

  const restore = async (): Promise<void> => {
    try {
      const text = await readFile(stateFile, 'utf8');
      current = (await parser()).parseRegistries(text);
    } catch {
      // There was none, or it is of another version: the server says what holds.
    }
  };

  return {
    name: 'cluster registries',
    authsFor: (image) => registryAuths(current, image),
    async run(signal) {
      await restore();
      const { namespace, name } = registriesName;
      const informer = createInformer(client, secrets, {
        clock,
        random,
        log,
        namespace,
        fieldSelector: `metadata.name=${name}`,
      });
      let changed = (): void => {};
      const wake = () => changed();
      const stop = informer.addHandler({ onAdd: wake, onUpdate: wake, onDelete: wake });
      const following = (async () => {
        await informer.waitForSync(signal).catch(() => undefined);
        while (!signal.aborted) {
          const again = new AbortController();
          changed = () => again.abort(new Error('the setting has changed'));
          const linked = AbortSignal.any([signal, again.signal]);
          try {
            await apply(informer.get({ namespace, name }));
            await untilAborted(linked);
          } catch (error) {
            log.error({ why: messageOf(error) }, 'the setting of registries could not be written');
            await clock.sleep(retryMs, linked).catch(() => undefined);
          }
        }
      })();
      await Promise.all([informer.run(signal), following]);
      stop();
    },
  };
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
