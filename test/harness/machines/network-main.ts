/**
 * The pod network of a machine alone, without containers or an API server: `node network-main.ts <name> <mode>` with BERTH_HOME.
 * Reads lists of Nodes, one per line; until the first, no server answers. Says `ready` when pods have a network.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { V1Node } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createRealLog } from '#base/real/log.ts';
import { createRealRandom } from '#base/real/random.ts';
import { createCache } from '#client/informers/cache.ts';
import { hostLayout } from '#host/layout.ts';
import { createNodeNetwork } from '#node-agent/network/node-network.ts';
import { createNodeRules } from '#node-agent/network/node-rules.ts';
import type { NetworkMode } from '#node-agent/network/peer-plan.ts';

const [nodeName = '', mode = 'auto'] = process.argv.slice(2);
const clusterCidr = '10.42.0.0/16';
const layout = hostLayout(process.env.BERTH_HOME);
const log = createRealLog({ level: 'info' });
const clock = createRealClock();
const life = new AbortController();
process.on('SIGTERM', () => life.abort(new Error('the network ends')));

const cache = createCache<V1Node>(log);
const rules = createNodeRules({
  table: layout.nftTable,
  bridge: layout.bridge,
  clusterCidr,
  serviceCidr: '10.43.0.0/16',
  clock,
  log,
});
const network = createNodeNetwork({
  nodeName,
  nodes: {
    get synced() {
      return cache.synced;
    },
    get: (key) => cache.store.get(key),
    list: () => cache.store.list(),
    addHandler: (handler) => cache.addHandler(handler),
  },
  bridge: layout.bridge,
  tunnel: layout.tunnel,
  clusterCidr,
  mode: isMode(mode) ? mode : 'auto',
  rules,
  cniConfDir: layout.cniConfDir,
  cniDataDir: join(layout.stateDir, 'cni-addresses'),
  stateFile: join(layout.stateDir, 'network.json'),
  checkMs: 2_000,
  clock,
  random: createRealRandom(),
  log,
});

let version = 0;
createInterface({ input: process.stdin }).on('line', (line) => {
  const list: unknown = JSON.parse(line);
  version += 1;
  if (Array.isArray(list)) cache.replace(list.filter(isNode), String(version));
});
network.ready(life.signal).then(
  (facts) => console.log(`ready ${JSON.stringify(facts)}`),
  () => {},
);
await Promise.all([network.run(life.signal), rules.run(life.signal)]);
if (process.env.REMOVE) await network.remove();
process.exit();

function isMode(text: string): text is NetworkMode {
  return text === 'auto' || text === 'route' || text === 'vxlan';
}

function isNode(value: unknown): value is Stored<V1Node> {
  return typeof value === 'object' && value !== null && 'metadata' in value;
}
