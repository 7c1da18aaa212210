/**
 * `node test/sim/replay.ts chaos 35`: plays one seed of one scenario and prints what came of it. What a test has found is replayed
 * exactly with `SEED=35 npx vitest run --project sim chaos`: vitest loads the same code in another way, and where many things
 * happen in one moment their order, and so the draws of faults, may then be another one.
 */
import { scenarios } from './scenarios/all.ts';
import { fullSize, play } from './scenarios/scenario.ts';

const [name = '', seed = '1', size] = process.argv.slice(2);
const scenario = scenarios[name];
if (!scenario) {
  console.error(`usage: node test/sim/replay.ts <${Object.keys(scenarios).join('|')}> [seed] [full]`);
  process.exit(2);
}
console.log(JSON.stringify(await play(scenario, Number(seed), size === 'full' ? fullSize : undefined)));
