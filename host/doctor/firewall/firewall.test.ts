import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fateOf } from './evaluate.ts';
import { readIptables } from './iptables.ts';
import { type FirewallFacts, judgeFirewall } from './judge.ts';
import type { Packet } from './model.ts';
import { readNftRuleset } from './nft.ts';

const none: FirewallFacts = { nft: undefined, iptables: [], ufwActive: false, firewalldActive: false };
const situation = {
  role: 'server',
  apiPort: 6443,
  agentPort: 10250,
  network: 'auto',
  vxlanPort: 4789,
  clusterCidr: '10.42.0.0/16',
  bridge: 'berth0',
  uplink: 'eth0',
  peer: '192.0.2.11',
} as const;
const judge = (facts: Partial<FirewallFacts>, change: object = {}) =>
  judgeFirewall({ ...none, ...facts }, { ...situation, ...change });

const docker = `*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -j DROP
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT`;

const ufw = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:ufw-before-input - [0:0]
:ufw-before-forward - [0:0]
:ufw-not-local - [0:0]
:ufw-user-input - [0:0]
:ufw-user-limit-accept - [0:0]
:ufw-after-logging-input - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-logging-input
-A FORWARD -j ufw-before-forward
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -d 224.0.0.251/32 -p udp -m udp --dport 5353 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -j DROP
-A ufw-after-logging-input -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw-user-input -p tcp -m tcp --dport 22 -m comment --comment "\\"ssh\\" is, let in" -j ACCEPT
-A ufw-user-input -p tcp -m multiport --dports 6443,10250:10260 -j ACCEPT
COMMIT`;

const chain = (name: string, more: object = {}) => ({ chain: { family: 'inet', table: 'filter', name, ...more } });
const rule = (of: string, ...expr: object[]) => ({
  rule: { family: 'inet', table: 'filter', chain: of, handle: 7, expr },
});
const match = (left: object, right: unknown, op = '==') => ({ match: { op, left, right } });
const iif = (name: string) => match({ meta: { key: 'iifname' } }, name);
const dport = (right: unknown) => match({ payload: { protocol: 'tcp', field: 'dport' } }, right);
const nft = (...entries: object[]) => JSON.stringify({ nftables: entries });
const input = (policy: string, more: object = {}) =>
  chain('in', { type: 'filter', hook: 'input', prio: 0, policy, ...more });

const packet: Packet = { hook: 'input', protocol: 'tcp', dport: 6443, iif: 'eth0', saddr: '192.0.2.11' };

describe('what becomes of a packet by nftables', () => {
  const established = match({ ct: { key: 'state' } }, ['established', 'related'], 'in');
  it.each<[string, object[], string]>([
    ['no chain at all', [], 'accept'],
    ['a policy', [input('drop')], 'drop'],
    ['a port', [input('drop'), rule('in', dport(6443), { accept: null })], 'accept'],
    ['a range', [input('drop'), rule('in', dport({ range: [6000, 7000] }), { accept: null })], 'accept'],
    ['a set', [input('drop'), rule('in', dport({ set: [22, { range: [6000, 7000] }] }), { accept: null })], 'accept'],
    ['another port', [input('drop'), rule('in', dport({ set: [22, 80] }), { accept: null })], 'drop'],
    ['not that port', [input('accept'), rule('in', dport(22), { accept: null }), rule('in', { reject: null })], 'drop'],
    [
      'all but a port',
      [
        input('accept'),
        rule('in', match({ payload: { protocol: 'tcp', field: 'dport' } }, 6443, '!='), { drop: null }),
      ],
      'accept',
    ],
    ['another interface', [input('drop'), rule('in', iif('lo'), { accept: null })], 'drop'],
    ['connections that are known', [input('drop'), rule('in', established, { accept: null })], 'drop'],
    [
      'states in numbers',
      [input('drop'), rule('in', match({ ct: { key: 'state' } }, [8], 'in'), { accept: null })],
      'accept',
    ],
    [
      'a network',
      [
        input('drop'),
        rule('in', match({ payload: { protocol: 'ip', field: 'saddr' } }, { prefix: { addr: '192.0.2.0', len: 24 } }), {
          accept: null,
        }),
      ],
      'accept',
    ],
    ['what nobody understands', [input('drop'), rule('in', { xt: null }, { accept: null })], 'unknown'],
    ['a named set', [input('drop'), rule('in', dport('@ports'), { accept: null })], 'unknown'],
    ['a drop that may be', [input('accept'), rule('in', { xt: null }, { drop: null })], 'accept'],
    [
      'a jump',
      [input('drop'), chain('more'), rule('in', { jump: { target: 'more' } }), rule('more', { accept: null })],
      'accept',
    ],
    [
      'a jump and back',
      [input('drop'), chain('more'), rule('in', { jump: { target: 'more' } }), rule('more', { return: null })],
      'drop',
    ],
    ['a circle', [input('drop'), rule('in', { jump: { target: 'in' } })], 'unknown'],
    [
      'a verdict map',
      [
        input('drop'),
        chain('zone'),
        rule('in', {
          vmap: {
            key: { meta: { key: 'iifname' } },
            data: {
              set: [
                ['lo', { accept: null }],
                ['eth0', { jump: { target: 'zone' } }],
              ],
            },
          },
        }),
        rule('zone', dport(6443), { accept: null }),
      ],
      'accept',
    ],
    ['two chains, of which one drops', [input('accept'), chain('other', { hook: 'input', policy: 'drop' })], 'drop'],
    ['a chain for other packets', [chain('f', { hook: 'forward', policy: 'drop' })], 'accept'],
    [
      'a chain of IPv6',
      [{ chain: { family: 'ip6', table: 'filter', name: 'in', hook: 'input', policy: 'drop' } }],
      'accept',
    ],
  ])('%s', (_, entries, expected) => {
    expect(fateOf(packet, readNftRuleset(nft(...entries))).kind).toBe(expected);
  });

  it('never fails, whatever the ruleset looks like', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(fc.jsonValue()), (odd, list) => {
        for (const value of [
          odd,
          { nftables: odd },
          { nftables: [input('drop'), { rule: odd }, ...list] },
          { nftables: [input('drop'), { rule: { family: 'inet', table: 'filter', chain: 'in', expr: list } }] },
        ]) {
          expect(['accept', 'drop', 'unknown']).toContain(fateOf(packet, readNftRuleset(JSON.stringify(value))).kind);
        }
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        fateOf(packet, readIptables(`*filter\n:INPUT DROP [0:0]\n-A INPUT ${text}\n${text}`));
      }),
    );
  });
});

describe('what is found', () => {
  it('nothing on a machine without rules, and nothing in our own tables', () => {
    expect(judge({})).toEqual([]);
    const ours = { chain: { family: 'inet', table: 'berth', name: 'guard', hook: 'input', policy: 'drop' } };
    expect(judge({ nft: nft(ours) })).toEqual([]);
  });

  it("Docker's policy of dropping what is forwarded, with the rules that let pods through", () => {
    const findings = judge({ iptables: [docker] });
    expect(findings).toHaveLength(2);
    expect(findings[0]).toEqual({
      check: 'firewall',
      severity: 'error',
      problem:
        'traffic from pods here to pods elsewhere is blocked by the policy of chain FORWARD in table filter of iptables',
      fix: 'iptables -I FORWARD -s 10.42.0.0/16 -j ACCEPT && iptables -I FORWARD -d 10.42.0.0/16 -j ACCEPT',
    });
    const mended = docker.replace(
      '-A FORWARD -j DOCKER-USER',
      '-A FORWARD -d 10.42.0.0/16 -j ACCEPT\n-A FORWARD -s 10.42.0.0/16 -j ACCEPT\n-A FORWARD -j DOCKER-USER',
    );
    expect(judge({ iptables: [mended] })).toEqual([]);
  });

  it('ufw, which lets in what it was told to, in its own words', () => {
    const findings = judge({ iptables: [ufw], ufwActive: true });
    expect(findings.map(({ problem, severity, fix }) => [severity, problem.split(' is blocked')[0], fix])).toEqual([
      ['warning', 'VXLAN (udp port 4789) from other machines', 'ufw allow 4789/udp'],
      [
        'error',
        'traffic from pods here to pods elsewhere',
        expect.stringContaining('ufw route allow from 10.42.0.0/16'),
      ],
      ['error', 'traffic from pods elsewhere to pods here', expect.stringContaining('ufw route allow')],
      ['error', 'the cluster DNS (udp port 53) for pods', 'ufw allow in on berth0'],
    ]);
    expect(judge({ iptables: [ufw], ufwActive: true }, { network: 'vxlan' })[0]?.severity).toBe('error');
    expect(judge({ iptables: [ufw], ufwActive: true }, { network: 'route' })).toHaveLength(3);
  });

  it('firewalld, by its zones', () => {
    const table = (entry: object): object =>
      JSON.parse(
        JSON.stringify(entry)
          .replaceAll('"filter","', '"firewalld","')
          .replaceAll('"table":"filter"', '"table":"firewalld"'),
      );
    const rules = nft(
      ...[
        input('accept'),
        chain('zones'),
        chain('public'),
        rule('in', match({ ct: { key: 'state' } }, { set: ['established', 'related'] }), { accept: null }),
        rule('in', match({ ct: { key: 'status' } }, 'dnat', 'in'), { accept: null }),
        rule('in', iif('lo'), { accept: null }),
        rule('in', { jump: { target: 'zones' } }),
        rule('in', { reject: { type: 'icmpx', expr: 'admin-prohibited' } }),
        rule('zones', iif('eth0'), { goto: { target: 'public' } }),
        rule('public', dport(22), { accept: null }),
        rule('public', dport({ set: [6443] }), { accept: null }),
      ].map(table),
    );
    const [first] = judge({ nft: rules, firewalldActive: true });
    expect(first?.problem).toContain(
      'the node agent (tcp port 10250) from other machines is blocked by the rule "in handle 7"',
    );
    expect(first?.fix).toBe('firewall-cmd --permanent --add-port=10250/tcp && firewall-cmd --reload');
  });

  it("a machine's own table, with a rule for the very chain that drops", () => {
    const [api] = judge({ nft: nft(input('drop')) });
    expect(api).toMatchObject({
      problem:
        'the API server (tcp port 6443) from other machines is blocked by the policy of chain in in table inet filter',
      fix: 'nft insert rule inet filter in tcp dport 6443 accept',
    });
    expect(judge({ nft: nft(input('drop')) }, { role: 'agent', apiPort: undefined })[0]?.problem).toContain(
      'node agent',
    );
  });

  it('nothing twice that iptables wrote through nftables', () => {
    const shadow = { chain: { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop' } };
    expect(judge({ iptables: [docker], nft: nft(shadow) })).toEqual(judge({ iptables: [docker] }));
  });
});
