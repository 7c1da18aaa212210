import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/error-message.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '../api-client.ts';
import { createBackoff } from '../backoff.ts';
import type { Runnable } from '../reconciler.ts';
import { isForHosts, isPair, type KeyPairPem, validityOf } from './key-pair.ts';
import { obtainCertificate } from './obtain.ts';
import type { CertificateSubject } from './signing-request.ts';

export interface CertificateManagerOptions {
  /** Asks for the next certificate with the rights of the present one. */
  readonly client: ApiClient;
  readonly signer: string;
  readonly subject: CertificateSubject;
  /** What a serving certificate must be for; asked again and again, since a machine's address may change. */
  readonly hosts?: (() => readonly string[]) | undefined;
  readonly store: CertificateStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Wished for; the cluster may give less. */
  readonly expirationSeconds?: number | undefined;
  /** How often the hosts are looked at. @default 30 s */
  readonly checkMs?: number | undefined;
  /** For the cluster's answer to one request. @default 60 s */
  readonly timeoutMs?: number | undefined;
}

export interface CertificateStore {
  /** Undefined: none yet. */
  load(): KeyPairPem | undefined;
  /** What is saved must survive the process: the old one may be of no use any more. */
  save(pair: KeyPairPem): void | Promise<void>;
}

export interface CertificateManager extends Runnable {
  /** Throws when there is none yet. */
  current(): KeyPairPem;
  /** Called with each new one. Returns the way out. */
  onChange(listener: (pair: KeyPairPem) => void): () => void;
}

/**
 * Holds one certificate and renews it in the running process, when 70 to 80 % of its life are over or its hosts have changed.
 * While the cluster does not give a new one, the old one stays, and the attempts go on.
 */
export function createCertificateManager(options: CertificateManagerOptions): CertificateManager {
  const { signer, subject, store, clock, random, checkMs = 30_000, timeoutMs } = options;
  const log = options.log.child({ certificate: subject.commonName, signer });
  const listeners = new Set<(pair: KeyPairPem) => void>();
  const backoff = createBackoff({ random, firstMs: 1_000, maxMs: 300_000 });
  let pair = usable(store.load(), log);
  let dueMs = pair ? renewalMs(pair, random) : 0;

  const hosts = (): readonly string[] => options.hosts?.() ?? [];

  const needsNew = (): boolean =>
    !pair || clock.now() >= dueMs || (options.hosts !== undefined && !isForHosts(pair.cert, hosts()));

  const renew = async (signal: AbortSignal): Promise<void> => {
    const { client, expirationSeconds } = options;
    const wanted = hosts();
    log.info({ hosts: wanted }, pair ? 'renewing the certificate' : 'asking for a certificate');
    const next = await obtainCertificate({
      ...{ client, clock, signer, subject, hosts: wanted, expirationSeconds, timeoutMs, signal },
    });
    await store.save(next);
    pair = next;
    dueMs = renewalMs(next, random);
    log.info({ ends: new Date(validityOf(next.cert).endsMs).toISOString() }, 'the new certificate is in use');
    for (const listener of listeners) listener(next);
  };

  return {
    name: `certificate ${subject.commonName}`,
    current() {
      if (!pair) throw new Error(`there is no certificate of ${subject.commonName} yet`);
      return pair;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async run(signal) {
      while (!signal.aborted) {
        let delayMs = Math.min(checkMs, Math.max(dueMs - clock.now(), leastPauseMs));
        if (needsNew()) {
          try {
            await renew(signal);
            backoff.reset();
            // Whatever the cluster gives: never one request after the other.
            delayMs = leastPauseMs;
          } catch (error) {
            if (signal.aborted) return;
            delayMs = backoff.nextMs();
            const endsMs = pair && validityOf(pair.cert).endsMs;
            const ends = endsMs && new Date(endsMs).toISOString();
            const why = messageOf(error);
            // The cluster no longer knows who asks.
            const fix =
              endsMs !== undefined && endsMs < clock.now() ? 'join this machine again: berth join' : undefined;
            log.error({ why, retryMs: Math.round(delayMs), ends, fix }, 'the certificate was not renewed');
          }
        }
        await clock.sleep(delayMs, signal).catch(() => undefined);
      }
    },
  };
}

const leastPauseMs = 1_000;

/** When 70 to 80 % of its life are over; not all machines of a cluster in the same moment. */
function renewalMs({ cert }: KeyPairPem, random: Random): number {
  const { issuedMs, endsMs } = validityOf(cert);
  return issuedMs + (endsMs - issuedMs) * (0.7 + 0.1 * random.next());
}

/** A file that was cut off or does not fit its key is as good as none. */
function usable(pair: KeyPairPem | undefined, log: Log): KeyPairPem | undefined {
  if (!pair || isPair(pair)) return pair;
  log.warn({}, 'the saved certificate and key do not fit each other; asking for new ones');
  return undefined;
}
