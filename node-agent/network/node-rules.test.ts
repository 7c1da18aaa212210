import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { NetworkError, type RunCommand } from './commands.ts';
import { createNodeRules, type NodeRules } from './node-rules.ts';

/** What nft and the kernel do with the texts that we write: strict about what is added twice or deleted without being there. */
function createKernel() {
  const elements = new Map<string, string>();
  let chains = new Set<string>();
  const texts: string[] = [];
  const state = { failing: 0, rules: true, refused: new Set<string>() };

  const element = (verb: string, map: string, row: string): void => {
    const [key = '', value = ''] = row.split(' : ');
    const place = `${map} ${key.trim()}`;
    if (verb === 'add' && state.refused.has(place)) throw new NetworkError(`nft: cannot resolve ${key}`);
    const there = elements.get(place);
    if (verb === 'add') {
      if (there !== undefined && there !== value) throw new NetworkError(`nft: ${place} exists`);
      const chain = value.startsWith('goto ') ? value.slice('goto '.length) : undefined;
      if (chain && !chains.has(chain)) throw new NetworkError(`nft: no chain ${chain}`);
      elements.set(place, value);
    } else if (!elements.delete(place)) throw new NetworkError(`nft: ${place} is not there`);
  };

  const apply = (text: string): void => {
    for (const line of text.split('\n')) {
      if (/^delete table/.test(line)) {
        elements.clear();
        chains.clear();
      }
      const chain = /^\s+chain (\S+) \{|^add chain ip t (\S+)/.exec(line);
      if (chain) chains.add(chain[1] ?? chain[2] ?? '');
      const flushed = /^flush (?:map|set) ip t (\S+)/.exec(line)?.[1];
      if (flushed)
        for (const place of [...elements.keys()]) if (place.startsWith(`${flushed} `)) elements.delete(place);
      const [, verb = '', map = '', rows = ''] = /^(add|delete) element ip t (\S+) \{ (.*) \}$/.exec(line) ?? [];
      for (const row of rows === '' ? [] : rows.split(', ')) element(verb, map, row);
      if (/^add rule/.test(line)) state.rules = true;
    }
  };

  const run: RunCommand = async (command, args, input = '') => {
    if (command !== 'nft') return '';
    if (args.includes('chains')) {
      return [...chains].map((name) => `{"chain": {"family": "ip", "table": "t", "name": "${name}"}}`).join();
    }
    if (args.includes('list')) return state.rules ? 'jump by_address' : '';
    if (state.failing > 0) {
      state.failing -= 1;
      throw new NetworkError('nft: interrupted');
    }
    const before = { elements: new Map(elements), chains: new Set(chains) };
    try {
      apply(input);
    } catch (error) {
      elements.clear();
      for (const [place, value] of before.elements) elements.set(place, value);
      chains = before.chains;
      throw error;
    }
    texts.push(input);
    return '';
  };
  const forget = () => {
    elements.clear();
    chains.clear();
  };
  return { run, elements, texts, state, forget, chains: () => chains };
}

let ending: AbortController | undefined;
let ended: Promise<void> | undefined;
afterEach(async () => {
  ending?.abort();
  await ended;
});

const base = { podCidr: '10.42.3.0/24', gateway: '10.42.3.1' };

function start(kernel = createKernel(), awaited: readonly string[] = [], hoped: readonly string[] = []) {
  const clock = createVirtualClock();
  const repairs: string[] = [];
  const refusals: string[] = [];
  const rules = createNodeRules({
    table: 't',
    bridge: 'b0',
    clusterCidr: '10.42.0.0/16',
    serviceCidr: '10.43.0.0/16',
    awaited,
    hoped,
    clock,
    log: createSilentLog(),
    onRepair: (why) => repairs.push(why),
    onRefused: (element) => refusals.push(element),
    run: kernel.run,
    sysctlRoot: '/nowhere',
  });
  ending = new AbortController();
  ended = rules.run(ending.signal);
  return { kernel, clock, rules, repairs, refusals };
}

const web = new Map([
  ['services 10.43.0.5 . tcp . 80', 'goto pick_cluster_1'],
  ['endpoints 10.43.0.5 . tcp . 80 . 1258291200', '10.42.3.2 . 8080'],
]);
const set = (rules: NodeRules, owner: string, elements: ReadonlyMap<string, string> | undefined) =>
  rules.set(new Map([[owner, elements]]));

describe('the rules of a node', () => {
  it('are written once the network is known, then only what changed', async () => {
    const { kernel, clock, rules } = start();
    const first = set(rules, 'web', web);
    await clock.advance(60_000);
    expect(kernel.texts).toEqual([]);
    rules.setBase(base);
    await clock.advance(10);
    await first;
    expect(kernel.texts).toHaveLength(1);
    const other = new Map([...web, ['endpoints 10.43.0.5 . tcp . 80 . 1258291200', '10.42.3.9 . 8080']]);
    const second = set(rules, 'web', other);
    await clock.advance(10);
    await second;
    expect(kernel.texts[1]).toBe(
      'delete element ip t endpoints { 10.43.0.5 . tcp . 80 . 1258291200 }\n' +
        'add element ip t endpoints { 10.43.0.5 . tcp . 80 . 1258291200 : 10.42.3.9 . 8080 }\n',
    );
    const third = set(rules, 'web', other);
    await clock.advance(10);
    await third;
    expect(kernel.texts).toHaveLength(2);
  });

  it('of an earlier run are not touched before everything is known, and then replaced in one transaction', async () => {
    const kernel = createKernel();
    const earlier = start(kernel);
    earlier.rules.setBase(base);
    const written = set(earlier.rules, 'web', web);
    await earlier.clock.advance(10);
    await written;
    ending?.abort();
    await ended;
    const before = kernel.texts.length;
    const { clock, rules } = start(kernel, ['web', 'ports'], ['names']);
    rules.setBase(base);
    const ports = set(rules, 'ports', new Map([['host_ports_any tcp . 8080', '10.42.3.2 . 80']]));
    await clock.advance(60_000);
    expect(kernel.texts).toHaveLength(before);
    const again = set(rules, 'web', web);
    await clock.advance(2_900);
    expect(kernel.texts).toHaveLength(before);
    // The last one is hoped for, not needed.
    await clock.advance(200);
    await Promise.all([ports, again]);
    expect(kernel.texts).toHaveLength(before + 1);
    expect(kernel.elements.size).toBe(3);
  });

  it('are written again after a failure, and waited for', async () => {
    const { kernel, clock, rules } = start();
    rules.setBase(base);
    await clock.advance(10);
    kernel.state.failing = 5;
    let done = false;
    const written = set(rules, 'web', web).then(() => {
      done = true;
    });
    await clock.advance(250);
    expect(done).toBe(false);
    await clock.advance(30_000);
    await written;
    expect(kernel.elements.size).toBe(2);
  });

  it('of all others are written when the kernel refuses some, which are told of once', async () => {
    const { kernel, clock, rules, refusals } = start();
    rules.setBase(base);
    const written = set(rules, 'web', web);
    await clock.advance(10);
    await written;
    const bad = 'host_ports_one 999.1.1.1 . tcp . 80';
    kernel.state.refused.add(bad);
    const ports = ['10.42.3.2', '10.42.3.3', '10.42.3.4'].map((ip): [string, string] => [`hairpin ${ip} . ${ip}`, '']);
    const mixed = set(rules, 'ports', new Map([...ports, [bad, '10.42.3.2 . 80']]));
    await clock.advance(1_000);
    await mixed;
    expect(kernel.elements.size).toBe(web.size + ports.length);
    expect(refusals).toEqual([`${bad} : 10.42.3.2 . 80`]);

    // What changes beside it is an ordinary change again.
    const before = kernel.texts.length;
    const more = set(rules, 'more', new Map([['hairpin 10.42.3.9 . 10.42.3.9', '']]));
    await clock.advance(1_000);
    await more;
    expect(kernel.texts.slice(before)).toEqual(['add element ip t hairpin { 10.42.3.9 . 10.42.3.9 }\n']);

    kernel.forget();
    await clock.advance(10_000);
    expect(kernel.elements.size).toBe(web.size + ports.length + 1);
    expect(refusals).toHaveLength(1);

    // Whatever it was, it may be over.
    kernel.state.refused.clear();
    await clock.advance(120_000);
    expect(kernel.elements.get(bad)).toBe('10.42.3.2 . 80');
  });

  it('are not taken apart when nothing at all can be written', async () => {
    const { kernel, clock, rules, refusals } = start();
    rules.setBase(base);
    kernel.state.failing = 1_000;
    const written = set(rules, 'web', web);
    await clock.advance(60_000);
    kernel.state.failing = 0;
    await clock.advance(20_000);
    await written;
    expect(refusals).toEqual([]);
    expect(kernel.elements.size).toBe(2);
  });

  it('come back when somebody removes them, and are told of', async () => {
    const { kernel, clock, rules, repairs } = start();
    rules.setBase(base);
    const written = set(rules, 'web', web);
    await clock.advance(10);
    await written;
    kernel.forget();
    await clock.advance(5_100);
    expect(kernel.elements.size).toBe(2);
    expect(repairs).toEqual(['it lacks the chain guard']);
    kernel.state.rules = false;
    await clock.advance(66_000);
    expect(repairs.at(-1)).toBe('its chains have no rules');
    expect(kernel.state.rules).toBe(true);
  });

  it('bring the kernel to what is wanted, in whatever order owners come, go and change', async () => {
    const place = fc.nat({ max: 5 }).map((n) => `services 10.43.0.${n} . tcp . 80`);
    const elements = fc.dictionary(
      place,
      fc.nat({ max: 3 }).map((n) => `goto pick_cluster_${n + 1}`),
      { maxKeys: 4 },
    );
    const step = fc.record({
      owner: fc.constantFrom('x', 'y', 'z'),
      elements,
      fail: fc.boolean(),
      apart: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { kernel, clock, rules } = start();
        rules.setBase(base);
        const wanted = new Map<string, Map<string, string>>();
        const writes: Promise<void>[] = [];
        for (const { owner, elements: drawn, fail, apart } of steps) {
          // Owners never share a place: each has addresses of its own.
          const own = Object.entries(drawn).map(([key, value]): [string, string] => [
            key.replace('10.43.0', `10.43.${owner.charCodeAt(0)}`),
            value,
          ]);
          wanted.set(owner, new Map(own));
          if (fail) kernel.state.failing = 1;
          writes.push(set(rules, owner, new Map(own)));
          if (apart) await clock.advance(1_000);
        }
        await clock.advance(60_000);
        await Promise.all(writes);
        const all = new Map([...wanted.values()].flatMap((map) => [...map]));
        expect(new Map([...kernel.elements].sort())).toEqual(new Map([...all].sort()));
        ending?.abort();
        await ended;
      }),
      { numRuns: 50 },
    );
  });

  it('rejects what still waits at the end', async () => {
    const { rules } = start();
    const written = set(rules, 'web', web);
    ending?.abort(new Error('over'));
    await expect(written).rejects.toThrow('over');
  });
});
