import { describe, expect, it } from 'vitest';
import { NetworkError } from './commands.ts';
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

  it('are found in a listing', () => {
    const line = (dst: string, src: string) =>
      `udp      17 29 src=10.42.0.9 dst=${dst} sport=4000 dport=53 src=${src} dst=10.42.0.9 sport=53 dport=4000 mark=0 use=1`;
    const listing = [line('10.43.0.10', '10.42.0.2'), line('10.43.0.10', '10.42.0.3'), line('8.8.8.8', '8.8.8.8'), 'x'];
    const flows = new Map([[dns, new Set(['10.42.0.2 . 53'])]]);
    expect(staleInListing(listing.join('\n'), flows)).toEqual([{ place: dns, endpoint: '10.42.0.3 . 53' }]);
  });
});
