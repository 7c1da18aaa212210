import { bootstrapTokenType } from '#api/certificates.ts';
import type { V1Secret } from '#api/generated/types.ts';
import { secrets } from '#api/kinds.ts';
import { isConflict, isNotFound } from '#api/status-error.ts';
import { createController } from '#client/controller.ts';
import { createInformer } from '#client/informers/create.ts';
import { after, done, type Reconcile, type Runnable } from '#client/reconciler.ts';
import { forObject } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';

/** A timer cannot wait longer. */
const waitMaxMs = 24 * 3_600_000;

/** Deletes join tokens that have ended. They are refused from that moment on, with or without this. */
export function createTokenCleaner({ client, clock, random, log }: ControllerContext): Runnable {
  const tokens = createInformer(client, secrets, {
    ...{ clock, random, log },
    namespace: 'kube-system',
    fieldSelector: `type=${bootstrapTokenType}`,
  });

  const reconcile: Reconcile = async (signal, key, passLog) => {
    const found = tokens.get(key);
    const endsMs = found && expirationOf(found);
    if (!found || endsMs === undefined) return done;
    const leftMs = endsMs - clock.now();
    if (leftMs > 0) return after(Math.min(leftMs, waitMaxMs));
    const { uid, resourceVersion } = found.metadata;
    try {
      await client.delete(secrets, key, { preconditions: { uid, resourceVersion }, signal });
      passLog?.info({}, 'removed a join token that has ended');
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    return done;
  };

  const controller = createController({
    name: 'bootstrap-token-cleaner',
    queue: retries,
    reconcile,
    sources: [forObject(tokens)],
    concurrency: 1,
    clock,
    random,
    log,
  });
  return {
    name: controller.name,
    async run(signal) {
      await Promise.all([tokens.run(signal), controller.run(signal)]);
    },
  };
}

/** Milliseconds since the epoch. Undefined: it does not end, or its end cannot be read, which people should see. */
function expirationOf({ data }: V1Secret): number | undefined {
  const text = Buffer.from(data?.expiration ?? '', 'base64').toString('utf8');
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
