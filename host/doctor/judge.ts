import type { Facts } from './facts.ts';
import { vxlanPort } from './facts.ts';
import type { Finding } from './finding.ts';
import { judgeFirewall } from './firewall/judge.ts';
import { judgeCgroups, judgeKernel, judgeMemory, judgeNode, judgeSecurity, judgeStorage } from './judge-machine.ts';
import {
  judgeClock,
  judgeDuplicates,
  judgeLinks,
  judgeNames,
  judgePaths,
  judgePorts,
  judgeReach,
} from './judge-network.ts';

/** Pure. Errors come first. */
export function judge(facts: Facts): Finding[] {
  const { self } = facts;
  const firewall = judgeFirewall(facts.firewall, {
    ...self,
    vxlanPort,
    uplink: facts.links.uplink,
    peer: facts.peers.find(({ name }) => name !== self.nodeName)?.addresses[0],
  });
  const all = [
    ...judgeNode(facts.node),
    ...judgePorts(facts.ports, self),
    ...judgeCgroups(facts.cgroups),
    ...judgeKernel(facts.kernel, self),
    ...judgeSecurity(facts.security),
    ...judgeMemory(facts.memory, self),
    ...judgeStorage(facts.storage, self),
    ...judgeClock(facts.clock),
    ...judgeNames(facts.names),
    ...firewall,
    ...judgeReach(facts.reach),
    ...judgePaths(facts.paths),
    ...judgeLinks(facts.links, self),
    ...judgeDuplicates(self, facts.peers),
  ];
  return [...all.filter(({ severity }) => severity === 'error'), ...all.filter(({ severity }) => severity !== 'error')];
}
