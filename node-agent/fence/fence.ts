import { mustNotRunTwice } from '#api/fence.ts';
import type { V1Pod } from '#api/generated/types.ts';
import type { Clock, Timer } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { FenceBook } from './book.ts';

/** What may be done with a pod that must not run twice. `ask`: it may run once the server has confirmed that it is still ours. */
export type FenceVerdict = 'run' | 'ask' | 'stop';

/**
 * The machine's side of the promise on its lease: without a renewal for so long, what must not run twice has stopped here. A time of
 * contact begins with a renewal and goes on for as long as each next one succeeds in time; within one, a pod is confirmed once.
 * What is late is stopped by the watchdog (watchdog.sh), which needs no agent: it reads what the book holds.
 */
export interface Fence {
  /** What the lease promises; 0: nothing, and every pod may run. */
  readonly seconds: number;
  /** Changes with each time of contact. */
  readonly contact: number;
  /** Milliseconds since the machine started; suspended time counts. */
  uptimeMs(): number;
  covers(pod: V1Pod): boolean;
  verdict(pod: V1Pod, alive: boolean): FenceVerdict;
  /** Before anything of the pod is started: the watchdog knows it by then. */
  admit(uid: string, cgroup: string): Promise<void>;
  /** The server still wants the pod here, as of this time of contact. */
  confirm(uid: string, contact: number): void;
  /** Nothing is left of the pod. */
  dismiss(uid: string): void;
  /** Seconds that containers have between SIGTERM and SIGKILL when contact is lost. */
  readonly graceSeconds: number;
  /** A renewal that was sent then has succeeded. */
  renewed(sentMs: number): void;
  /** The server may replace what must not run twice: contact was lost, whatever our own clock says. */
  taken(): void;
  /** What was known of the lease is void: every pod is confirmed anew, and runs on meanwhile. */
  restart(): void;
  /** Nothing that must not run twice runs here: a lease that was taken may be renewed. */
  mayRenew(): boolean;
  /** Who knows whether anything that is covered runs; until somebody is asked, something may. */
  guard(isAnythingAlive: () => boolean): void;
  /** Contact was lost, or is back. */
  onChange(listener: (verdict: 'run' | 'stop') => void): void;
  /** Takes over what an earlier process of this boot left, then minds the time. Resolves after the signal has aborted. */
  run(signal: AbortSignal): Promise<void>;
}

export interface FenceOptions {
  readonly seconds: number;
  readonly book: FenceBook;
  readonly clock: Clock;
  readonly log: Log;
}

/** Containers get this much of the promised time to end by themselves: at least the first, at most the second. */
const leadMinMs = 800;
const leadMaxMs = 10_000;
/** Between the last SIGKILL of ours and the watchdog's. */
const spareMs = 500;

export function createFence({ seconds, book, clock, log }: FenceOptions): Fence {
  const leadMs = Math.min(leadMaxMs, Math.max(leadMinMs, seconds * 250));
  const listeners: ((verdict: 'run' | 'stop') => void)[] = [];
  const confirmed = new Set<string>();
  const { deadlineMs: leftMs, pods } = book.load();
  const listed = new Map(pods);
  let deadlineMs = leftMs ?? Number.NEGATIVE_INFINITY;
  let contact = 0;
  /** Since this process began there was contact without a break, its predecessor's included: what runs may run on. */
  let inherited = book.uptimeMs() < deadlineMs - leadMs;
  let inContact = inherited;
  let isAnythingAlive = (): boolean => true;
  let takenMs = Number.NEGATIVE_INFINITY;
  let timer: Timer | undefined;

  const lose = (why: string): void => {
    if (!inContact) return;
    inContact = false;
    inherited = false;
    contact += 1;
    confirmed.clear();
    if (listed.size > 0) log.error({ pods: listed.size, why }, 'contact lost: stopping what must not run twice');
    for (const listener of listeners) listener('stop');
  };

  const look = (): void => {
    if (inContact && book.uptimeMs() >= deadlineMs - leadMs) lose(`no renewal for ${seconds} s less ${leadMs} ms`);
  };

  const saveList = (): void => book.savePods(listed);

  return {
    seconds,
    graceSeconds: Math.max(0, Math.floor((leadMs - spareMs) / 1000)),
    get contact() {
      return contact;
    },
    uptimeMs: () => book.uptimeMs(),
    covers: (pod) => seconds > 0 && (mustNotRunTwice(pod) || listed.has(pod.metadata?.uid ?? '')),
    verdict(pod, alive) {
      look();
      if (!inContact) return 'stop';
      const uid = pod.metadata?.uid ?? '';
      if (inherited && alive && listed.has(uid)) confirmed.add(uid);
      return confirmed.has(uid) ? 'run' : 'ask';
    },
    async admit(uid, cgroup) {
      if (listed.get(uid) === cgroup) return;
      listed.set(uid, cgroup);
      saveList();
    },
    confirm(uid, of) {
      if (of === contact && inContact) confirmed.add(uid);
    },
    dismiss(uid) {
      confirmed.delete(uid);
      if (listed.delete(uid)) saveList();
    },
    renewed(sentMs) {
      // An answer from before the server gave this machine up says nothing any more.
      if (seconds === 0 || sentMs < takenMs) return;
      const untilMs = sentMs + seconds * 1000;
      if (untilMs <= deadlineMs) return;
      look();
      deadlineMs = untilMs;
      book.saveDeadline(untilMs);
      if (inContact || book.uptimeMs() >= untilMs - leadMs) return;
      inContact = true;
      for (const listener of listeners) listener('run');
    },
    taken() {
      if (seconds === 0) return;
      takenMs = book.uptimeMs();
      deadlineMs = Number.NEGATIVE_INFINITY;
      book.saveDeadline(0);
      lose('the server has given this machine up');
    },
    restart() {
      inherited = false;
      contact += 1;
      confirmed.clear();
      if (inContact) for (const listener of listeners) listener('run');
    },
    mayRenew: () => seconds === 0 || !isAnythingAlive(),
    guard(ask) {
      isAnythingAlive = ask;
    },
    onChange(listener) {
      listeners.push(listener);
    },
    run(signal) {
      return new Promise((resolve) => {
        const arm = (): void => {
          const dueMs = Math.ceil(deadlineMs - leadMs - book.uptimeMs());
          timer = clock.setTimer(inContact ? Math.max(dueMs, 1) : idleLookMs, () => {
            look();
            if (!signal.aborted) arm();
          });
        };
        const end = (): void => {
          timer?.cancel();
          resolve();
        };
        if (seconds === 0 || signal.aborted) {
          if (signal.aborted) return end();
        } else arm();
        signal.addEventListener('abort', end, { once: true });
      });
    },
  };
}

/** While contact is lost there is nothing to miss; the next renewal is told. */
const idleLookMs = 1_000;
