/**
 * `npm run bench [NAME...]`: the figures that matter, each beside its peer or its physical limit in the same run.
 * Exit code 1 when a goal is missed. Needs root and the packages of `berth up`.
 */
import { cpus, totalmem } from 'node:os';
import { formatTable } from '#cli/printers/table.ts';
import { agent } from './rows/agent.ts';
import { containers } from './rows/containers.ts';
import { fleet } from './rows/fleet.ts';
import { idle } from './rows/idle.ts';
import { join } from './rows/join.ts';
import { machineDeath } from './rows/machine-death.ts';
import { serviceRules } from './rows/services.ts';
import { start } from './rows/start.ts';
import { writes } from './rows/writes.ts';

const measurements = [start, join, containers, writes, idle, agent, fleet, serviceRules, machineDeath];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !measurements.some((one) => one.name === name));
if (unknown.length > 0) {
  console.error(
    `no such measurement: ${unknown.join(', ')}; there are: ${measurements.map((one) => one.name).join(', ')}`,
  );
  process.exit(2);
}

const [cpu] = cpus();
console.log(
  `${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}\n`,
);
const rows = [];
for (const one of measurements.filter((each) => (wanted.length === 0 ? !each.onRequest : wanted.includes(each.name)))) {
  console.log(`${one.name} ...`);
  rows.push(...(await one.run((line) => console.log(`  ${line}`))));
}
const columns = ['What', 'Berth', 'Limit or peer', 'Ratio', 'Goal', 'Met'].map((name) => ({ name, wide: false }));
const cells = rows.map((row) => [row.what, row.ours, row.limit, row.ratio, row.goal, row.met ? 'yes' : 'NO']);
console.log(`\n${formatTable(columns, cells, { wide: true, headers: true })}`);
process.exitCode = rows.every((row) => row.met) ? 0 : 1;
