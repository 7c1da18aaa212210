import type { ClusterConfig } from '#api/cluster-config.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/error-message.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { InformerFactory } from '#client/informer.ts';
import type { Runnable } from '#client/reconciler.ts';
import { createClusterDns } from '#node-agent/dns/cluster-dns.ts';
import { createUpstream } from '#node-agent/dns/upstream.ts';
import type { NetworkFacts, NodeNetwork } from '#node-agent/network/node-network.ts';
import type { NodeRules } from '#node-agent/network/node-rules.ts';
import type { NodeHost } from '#node-agent/pods/host.ts';

export interface NodeDnsParts {
  readonly informers: InformerFactory;
  readonly cluster: ClusterConfig;
  readonly network: Pick<NodeNetwork, 'ready' | 'onChange'>;
  readonly rules: Pick<NodeRules, 'setLocal'>;
  readonly host: Pick<NodeHost, 'resolvConf'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const port = 53;

/** The cluster's names on this machine: at the bridge's address, where the cluster's DNS address leads to. */
export function createNodeDns(parts: NodeDnsParts): Runnable {
  const { informers, cluster, network, rules, host, clock, random, log } = parts;
  const { clusterDns, clusterDomain, clusterCidr, serviceCidr } = cluster;
  const dns = createClusterDns({
    informers,
    domain: clusterDomain,
    clusterDns,
    networks: [clusterCidr, serviceCidr],
    upstream: createUpstream({
      read: () => host.resolvConf(),
      avoid: () => [clusterDns, ...(dns.listening ? [dns.listening.address] : [])],
    }),
    listen: { port },
    clock,
    random,
    log,
  });

  const lead = ({ gateway }: NetworkFacts): void => {
    dns.setListenAddress(gateway);
    const to = { address: gateway, port };
    const services = (['UDP', 'TCP'] as const).map((protocol) => ({ address: clusterDns, port, protocol, to }));
    rules.setLocal(services).catch((error: unknown) => {
      log.debug({ why: messageOf(error) }, 'the way to the DNS server was not written');
    });
  };

  return {
    name: dns.name,
    async run(signal) {
      const remove = network.onChange(lead);
      const first = network.ready(signal).then(lead, () => undefined);
      try {
        await Promise.all([dns.run(signal), first]);
      } finally {
        remove();
      }
    },
  };
}
