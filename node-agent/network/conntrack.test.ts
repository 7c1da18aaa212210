import { describe, expect, it } from 'vitest';
import { NetworkError, outputBytesMax } from './commands.ts';
import { conntrackArguments, flowsOf, forgetFlows, staleFlows, staleInListing } from './conntrack.ts';

const elements = (...rows: readonly (readonly [string, string])[]) => new Map(rows);
const dns = '10.43.0.10 . udp . 53';

describe('UDP flows', () => {
  it('are those of places and endpoints for UDP', () => {
    const flows = flowsOf(
      elements(
        [`services ${dns}`, 'goto pick_cluster_2'],
        [`endpoints ${dns} . 1258291200`, '10.42.0.2 . 53'],
        [`endpoints ${dns} . 1258291201`, '10.42.0.3 . 53'],
        ['endpoints 10.43.0.10 . tcp . 53 . 1258291200', '10.42.0.2 . 53'],
        ['node_sticky udp . 30053 . 7', '10.42.0.2 . 53'],
        ['host_ports_any udp . 53', '10.42.0.9 . 53'],
      ),
    );
    expect([...flows].map(([place, endpoints]) => [place, [...endpoints]])).toEqual([
      [dns, ['10.42.0.2 . 53', '10.42.0.3 . 53']],
      ['udp . 30053', ['10.42.0.2 . 53']],
      ['udp . 53', ['10.42.0.9 . 53']],
    ]);
  });

  it('are stale when their endpoint went, or when there was none before', () => {
    const of = (...ips: string[]) => new Map([[dns, new Set(ips)]]);
    expect(staleFlows(of('a', 'b'), of('b', 'c'))).toEqual([{ place: dns, endpoint: 'a' }]);
    expect(staleFlows(of('a'), new Map())).toEqual([{ place: dns, endpoint: 'a' }]);
    expect(staleFlows(new Map(), of('a'))).toEqual([{ place: dns, endpoint: undefined }]);
    expect(staleFlows(of('a'), of('a', 'b'))).toEqual([]);
  });

  it('are deleted exactly', () => {
    expect(conntrackArguments({ place: dns, endpoint: '10.42.0.2 . 5353' }).join(' ')).toBe(
      '-D -f ipv4 -p udp --orig-dst 10.43.0.10 --orig-port-dst 53 --reply-src 10.42.0.2 --reply-port-src 5353',
    );
    expect(conntrackArguments({ place: 'udp . 30053', endpoint: undefined }).join(' ')).toBe(
      '-D -f ipv4 -p udp --orig-port-dst 30053',
    );
  });

  it('that are none are no failure; a conntrack that fails is one', async () => {
    const stale = [{ place: dns, endpoint: undefined }];
    await forgetFlows(stale, () => Promise.reject(new NetworkError('conntrack: 0 flow entries have been deleted.')));
    const failing = forgetFlows(stale, () => Promise.reject(new NetworkError('conntrack cannot be run')));
    await expect(failing).rejects.toThrow('cannot be run');
  });

  const line = (dst: string, src: string, port = 53) =>
    `udp      17 29 src=10.42.0.9 dst=${dst} sport=4000 dport=${port} src=${src} dst=10.42.0.9 sport=53 dport=4000 mark=0 use=1`;

  it('are looked for first where many endpoints have gone: most were asked by nobody', async () => {
    const asked: string[] = [];
    const stale = Array.from({ length: 200 }, (_, n) => ({ place: dns, endpoint: `10.42.0.${n} . 53` }));
    await forgetFlows([...stale, { place: 'udp . 30053', endpoint: '10.42.0.7 . 53' }], async (_, args) => {
      asked.push(args.join(' '));
      return [line('10.43.0.10', '10.42.0.3'), line('192.0.2.1', '10.42.0.7', 30_053)].join('\n');
    });
    expect(asked).toEqual([
      '-L -f ipv4 -p udp',
      '-D -f ipv4 -p udp --orig-dst 10.43.0.10 --orig-port-dst 53 --reply-src 10.42.0.3 --reply-port-src 53',
      '-D -f ipv4 -p udp --orig-port-dst 30053 --reply-src 10.42.0.7 --reply-port-src 53',
    ]);
  });

  it('are all tried where there are more than can be listed', async () => {
    let asked = 0;
    const stale = Array.from({ length: 20 }, (_, n) => ({ place: dns, endpoint: `10.42.0.${n} . 53` }));
    await forgetFlows(stale, async () => {
      asked += 1;
      return 'x'.repeat(outputBytesMax);
    });
    expect(asked).toBe(21);
  });

  it('to node ports are found in a listing, and nothing else that has such a port', () => {
    const flows = new Map([['udp . 30053', new Set(['10.42.0.2 . 53'])]]);
    const listing = ['10.42.0.2', '10.42.0.3'].map((to) => line('192.0.2.1', to, 30_053));
    expect(staleInListing([...listing, line('8.8.8.8', '8.8.8.8', 30_053)].join('\n'), flows)).toEqual([
      { place: 'udp . 30053', endpoint: '10.42.0.3 . 53' },
    ]);
  });

  it('are found in a listing', () => {
    const listing = [line('10.43.0.10', '10.42.0.2'), line('10.43.0.10', '10.42.0.3'), line('8.8.8.8', '8.8.8.8'), 'x'];
    const flows = new Map([[dns, new Set(['10.42.0.2 . 53'])]]);
    expect(staleInListing(listing.join('\n'), flows)).toEqual([{ place: dns, endpoint: '10.42.0.3 . 53' }]);
  });
});
