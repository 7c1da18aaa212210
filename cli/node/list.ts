import { formatAge } from '#api/duration.ts';
import type { V1Node } from '#api/generated/types.ts';
import { nodes, pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import type { CliContext } from '../command.ts';
import type { Connection } from '../connection.ts';
import { formatTable } from '../printers/table.ts';

/** Prints the machines of the cluster with what people ask about them first. */
export async function listNodes(
  context: CliContext,
  { client }: Connection,
  output: string | undefined,
): Promise<void> {
  const { signal } = context;
  const [found, all] = await Promise.all([client.list(nodes, { signal }), client.list(pods, { signal })]);
  const podsOn = new Map<string, number>();
  for (const { spec, status } of all.items) {
    if (status?.phase === 'Succeeded' || status?.phase === 'Failed') continue;
    const name = spec?.nodeName ?? '';
    podsOn.set(name, (podsOn.get(name) ?? 0) + 1);
  }
  const listed = found.items
    .sort((a, b) => a.metadata.name.localeCompare(b.metadata.name))
    .map((node) => listedOf(node, podsOn.get(node.metadata.name) ?? 0));
  if (output) {
    const { writeStructured } = await import('../printers/structured.ts');
    return writeStructured(context, output, listed);
  }
  const rows = listed.map((node) => rowOf(node, context.clock.now()));
  const columns = ['name', 'status', 'address', 'pod network', 'pods', 'age'].map((name) => ({ name, wide: false }));
  context.stdout.write(formatTable(columns, rows, { wide: false, headers: true }));
}

interface ListedNode {
  readonly name: string;
  readonly status: string;
  readonly address: string | undefined;
  readonly podNetwork: string | undefined;
  /** Those that have not ended. */
  readonly pods: number;
  readonly created: string;
}

const listedOf = (node: Stored<V1Node>, podCount: number): ListedNode => ({
  name: node.metadata.name,
  status: statusOf(node),
  address: node.status?.addresses?.find((one) => one.type === 'InternalIP')?.address,
  podNetwork: node.spec?.podCIDR,
  pods: podCount,
  created: node.metadata.creationTimestamp,
});

const rowOf = ({ name, status, address, podNetwork, pods: count, created }: ListedNode, nowMs: number): string[] => [
  name,
  status,
  address ?? '<none>',
  podNetwork ?? '<none>',
  String(count),
  formatAge(nowMs - Date.parse(created)),
];

/** As kubectl says it: `Ready`, `NotReady,SchedulingDisabled`. */
export function statusOf({ spec, status }: V1Node): string {
  const ready = status?.conditions?.find((one) => one.type === 'Ready');
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable ? `${word},SchedulingDisabled` : word;
}
