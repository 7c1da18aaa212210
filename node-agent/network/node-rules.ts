import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/error-message.ts';
import type { Log } from '#base/log.ts';
import type { Runnable } from '#client/reconciler.ts';
import { createBridgeSettings } from './bridge-settings.ts';
import { type RunCommand, runCommand } from './commands.ts';
import { type Elements, renderElements, renderNewChains } from './element-text.ts';
import { createRefusals } from './refusals.ts';
import { baseChains, renderBase, renderRemoval, type TableInput } from './table.ts';

export type RulesBase = Pick<TableInput, 'podCidr' | 'gateway' | 'tunnel'>;

export interface NodeRulesOptions extends Pick<TableInput, 'table' | 'bridge' | 'clusterCidr' | 'serviceCidr'> {
  /** Those whose elements must be known before a table that an earlier run left is touched. */
  readonly awaited?: readonly string[] | undefined;
  /** As `awaited`, but for a few seconds only. */
  readonly hoped?: readonly string[] | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Told when the table was found damaged and is made anew. */
  readonly onRepair?: ((why: string) => void) | undefined;
  /** Told once of an element that the kernel does not take; all others are written. */
  readonly onRefused?: ((element: string, why: string) => void) | undefined;
  /** @default the real thing */
  readonly run?: RunCommand | undefined;
  /** @default /proc/sys */
  readonly sysctlRoot?: string | undefined;
}

/** What is sent to an address and port of the cluster, and is led to one of this node. */
export interface LocalService {
  readonly address: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly to: { readonly address: string; readonly port: number };
}

/** By owner: the whole of its elements, or undefined when it has none any more. Owners never share a place. */
export type RuleChanges = ReadonlyMap<string, Elements | undefined>;

/**
 * The node's one nftables table. One nft runs at a time; what changes meanwhile goes into the next transaction together,
 * whose cost depends on what changed only. Failures are retried for as long as it runs.
 */
export interface NodeRules extends Runnable {
  /** What is known once the node has its part of the pod network. To be called again when that changes, or the bridge is a new one. */
  setBase(base: RulesBase): void;
  /** Resolves when the kernel has it; rejects when the signal of `run` aborts before. */
  set(changes: RuleChanges): Promise<void>;
  /** The services that this node answers itself: all of them. As `set`. */
  setLocal(services: readonly LocalService[]): Promise<void>;
  /** Removes the table for good. */
  remove(): Promise<void>;
}

/** Who the elements of `setLocal` belong to. */
export const localOwner = 'local';

/** A table that somebody else emptied or deleted is back after this time. */
const checkMs = 5_000;
/** Every this many checks, rules are looked at too: nft reads every element for that. */
const deepCheckEvery = 12;
const hopeMs = 3_000;
const retryFirstMs = 200;
const retryMaxMs = 10_000;

interface Waiter {
  resolve(): void;
  reject(reason: unknown): void;
}

export function createNodeRules(options: NodeRulesOptions): NodeRules {
  const { table, bridge, clusterCidr, serviceCidr, clock, log, run = runCommand, sysctlRoot = '/proc/sys' } = options;
  const settings = createBridgeSettings({ bridge, serviceCidr, run, sysctlRoot, log });
  const owners = new Map<string, Elements>();
  const awaited = new Set(options.awaited);
  const hoped = new Set(options.hoped);
  const wanted = new Map<string, string>();
  const applied = new Map<string, string>();
  const touched = new Set<string>();
  const chains = new Set<string>();
  let waiting: Waiter[] = [];
  let base: RulesBase | undefined;
  /** Everything must be written: at the start, after a change of the base, or when the kernel has something else. */
  let stale = true;
  let renewed = false;
  /** Whether the rules count on frames between pods to pass them. */
  let filtered = false;
  let wake: (() => void) | undefined;
  let told = false;

  const tell = (): void => {
    told = true;
    wake?.();
  };

  const inputOf = (known: RulesBase, bridgeFiltered: boolean): TableInput => ({
    ...known,
    table,
    bridge,
    clusterCidr,
    serviceCidr,
    bridgeFiltered,
  });

  const chainsThere = async (): Promise<Set<string>> => {
    const text = await run('nft', ['-j', '-t', 'list', 'chains', 'ip']);
    return new Set(
      [...text.matchAll(/"chain": \{"family": "ip", "table": "([^"]*)", "name": "([^"]*)"/g)].flatMap(([, of, name]) =>
        of === table && name ? [name] : [],
      ),
    );
  };

  const refusals = createRefusals({
    async add(elements) {
      const known = new Set(chains);
      const text = renderNewChains(table, elements.values(), known) + renderElements(table, 'add', elements);
      await run('nft', ['-f', '-'], text);
      for (const name of known) chains.add(name);
      for (const [place, value] of elements) applied.set(place, value);
    },
    onRefused(place, value, why) {
      const element = value === '' ? place : `${place} : ${value}`;
      log.error({ element, why }, 'the kernel refuses one of the rules: it is left out');
      options.onRefused?.(element, why);
    },
  });

  /** One transaction for the base and these elements. */
  const writeTable = async (known: RulesBase, elements: Elements, before = ''): Promise<void> => {
    chains.clear();
    const base = renderBase(inputOf(known, filtered));
    const text = base + renderNewChains(table, elements.values(), chains) + renderElements(table, 'add', elements);
    await run('nft', ['-f', '-'], before + text);
    applied.clear();
    for (const [place, value] of elements) applied.set(place, value);
  };

  /** One transaction for everything: at no moment is there a part of it only. */
  const writeAll = async (known: RulesBase): Promise<void> => {
    filtered = await settings.filter();
    const elements = refusals.without(wanted);
    const proven = new Map([...elements].filter(([place, value]) => applied.get(place) === value));
    try {
      await writeTable(known, elements);
    } catch (error) {
      // A table of another version, whose maps have other types, cannot be taken over.
      log.warn({ err: error }, 'the nftables table could not be brought up to date, it is made anew');
      try {
        await writeTable(known, elements, renderRemoval(table));
      } catch (again) {
        if (elements.size === 0) throw again;
        // What the kernel took before it takes again; which of the others it does not take must be found out.
        await writeTable(known, proven, renderRemoval(table));
        const others = [...elements].filter(([place]) => !proven.has(place));
        await refusals.addOneByOne(new Map(others));
      }
    }
    await settings.settle(known);
  };

  const writeChanges = async (places: ReadonlySet<string>): Promise<void> => {
    const removed = new Map<string, string>();
    const changed = new Map<string, string>();
    for (const place of places) {
      const before = applied.get(place);
      const value = wanted.get(place);
      if (before === value) continue;
      if (before !== undefined) removed.set(place, before);
      if (value !== undefined) changed.set(place, value);
    }
    const added = refusals.without(changed);
    if (removed.size + added.size === 0) return;
    const made = renderNewChains(table, added.values(), chains);
    const text = made + renderElements(table, 'delete', removed) + renderElements(table, 'add', added);
    await run('nft', ['-f', '-'], text);
    for (const place of removed.keys()) applied.delete(place);
    for (const [place, value] of added) applied.set(place, value);
  };

  /** Brings the kernel to what is wanted now. */
  const write = async (known: RulesBase): Promise<void> => {
    const waiters = waiting;
    const places = new Set(touched);
    waiting = [];
    touched.clear();
    try {
      if (stale) {
        stale = false;
        await writeAll(known);
      } else await writeChanges(places);
    } catch (error) {
      stale = true;
      waiting = [...waiters, ...waiting];
      throw error;
    }
    for (const { resolve } of waiters) resolve();
  };

  /** How long to wait for what an earlier run knew; not where there is nothing to lose. */
  const waitMs = async (): Promise<number> => {
    if (awaited.size + hoped.size === 0 || (await chainsThere()).size === 0) return 0;
    if (awaited.size > 0) return checkMs;
    hopeUntilMs ??= clock.monotonicMs() + hopeMs;
    return Math.max(0, hopeUntilMs - clock.monotonicMs());
  };

  const problem = async (known: RulesBase, deep: boolean): Promise<string | undefined> => {
    const there = await chainsThere();
    const missing = [...baseChains(inputOf(known, true)), ...chains].filter((name) => !there.has(name));
    if (missing.length > 0) return `it lacks the chain ${missing[0]}`;
    if (!deep) return undefined;
    const text = await run('nft', ['-t', 'list', 'chain', 'ip', table, 'prerouting']);
    return text.includes('by_address') ? undefined : 'its chains have no rules';
  };

  /** The bridge may be another one than before. */
  const checkBridge = async (known: RulesBase): Promise<void> => {
    renewed = false;
    if ((await settings.filter()) !== filtered) stale = true;
    else await settings.settle(known);
  };

  const check = async (known: RulesBase, deep: boolean): Promise<void> => {
    if (deep) {
      await checkBridge(known);
      await refusals.retry(wanted);
    }
    const why = await problem(known, deep);
    if (why === undefined) return;
    log.warn({ table, why }, 'somebody else has changed our nftables table: it is made anew');
    options.onRepair?.(why);
    stale = true;
  };

  /** Resolves when something was told since it last did, or after `delayMs`. */
  const pause = async (delayMs: number, signal: AbortSignal): Promise<void> => {
    if (told || signal.aborted) {
      told = false;
      return;
    }
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const ending = new AbortController();
    const onAbort = (): void => ending.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    await Promise.race([woken, clock.sleep(delayMs, ending.signal).catch(() => undefined)]);
    ending.abort();
    signal.removeEventListener('abort', onAbort);
    wake = undefined;
    told = false;
  };

  const set = (changes: RuleChanges): Promise<void> => {
    replace(changes, owners, wanted, touched);
    for (const owner of changes.keys()) {
      awaited.delete(owner);
      hoped.delete(owner);
    }
    return new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      tell();
    });
  };

  let begun = false;
  let hopeUntilMs: number | undefined;
  const step = async (checks: number, due: boolean, signal: AbortSignal): Promise<void> => {
    if (!base) return pause(checkMs, signal);
    if (!begun) {
      const delayMs = await waitMs();
      if (delayMs > 0) return pause(delayMs, signal);
      begun = true;
    }
    if (due) await check(base, checks % deepCheckEvery === 0);
    if (renewed && !stale) await checkBridge(base);
    if (stale || touched.size > 0 || waiting.length > 0) await write(base);
  };

  return {
    name: 'node-rules',
    setBase(known) {
      if (base && JSON.stringify(base) === JSON.stringify(known)) renewed = true;
      else stale = true;
      base = known;
      tell();
    },
    set,
    setLocal(services) {
      const elements = services.map(({ address, port, protocol, to }): [string, string] => [
        `local_services ${address} . ${protocol.toLowerCase()} . ${port}`,
        `${to.address} . ${to.port}`,
      ]);
      return set(new Map([[localOwner, new Map(elements)]]));
    },
    async run(signal) {
      let failures = 0;
      let checks = 0;
      let checkedMs = clock.monotonicMs();
      while (!signal.aborted) {
        const due = clock.monotonicMs() - checkedMs >= checkMs;
        if (due) {
          checkedMs = clock.monotonicMs();
          checks += 1;
        }
        try {
          await step(checks, due, signal);
          failures = 0;
          if (base && begun) await pause(checkMs, signal);
        } catch (error) {
          const delayMs = Math.min(retryFirstMs * 2 ** failures, retryMaxMs);
          failures = Math.min(failures + 1, 16);
          log.error(
            { err: error, retryMs: delayMs },
            `the node's network rules could not be written: ${messageOf(error)}`,
          );
          await clock.sleep(delayMs, signal).catch(() => undefined);
        }
      }
      for (const { reject } of waiting) reject(signal.reason);
      waiting = [];
    },
    async remove() {
      await run('nft', ['-f', '-'], renderRemoval(table));
      applied.clear();
      chains.clear();
      stale = true;
    },
  };
}

/** Removals of all owners first: what moves from one to another stays. */
function replace(
  changes: RuleChanges,
  owners: Map<string, Elements>,
  wanted: Map<string, string>,
  touched: Set<string>,
): void {
  for (const [owner, elements] of changes) {
    for (const place of owners.get(owner)?.keys() ?? []) {
      if (elements?.has(place)) continue;
      wanted.delete(place);
      touched.add(place);
    }
  }
  for (const [owner, elements] of changes) {
    if (elements === undefined || elements.size === 0) owners.delete(owner);
    else owners.set(owner, elements);
    for (const [place, value] of elements ?? []) {
      if (wanted.get(place) === value) continue;
      wanted.set(place, value);
      touched.add(place);
    }
  }
}
