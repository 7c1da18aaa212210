import type { V1Node } from '#api/generated/types.ts';
import type { MachineIds } from '#host/machine.ts';
import { CliError } from '../command.ts';

export interface Newcomer extends MachineIds {
  readonly nodeName: string;
  readonly nodeAddress: string;
}

/** Why the machine cannot be beside these nodes; undefined when it can. */
export function findClash(nodes: readonly V1Node[], self: Newcomer): CliError | undefined {
  const others = nodes.filter((node) => nameOf(node) !== self.nodeName);
  const sameAddress = others.find((node) => addressesOf(node).includes(self.nodeAddress));
  if (sameAddress) {
    return new CliError(`node ${nameOf(sameAddress)} has the address ${self.nodeAddress} already`, {
      fix: `${ifGone(sameAddress)}
  If this machine is reached at another address, name it: berth join … --node-address ADDRESS`,
    });
  }
  const sameMachine = others.find((node) => isCopy(node, self));
  if (sameMachine) {
    return new CliError(`node ${nameOf(sameMachine)} has this machine's id (${self.machineId})`, {
      fix: `${ifGone(sameMachine)}
  If one is a copy of the other's disk, give this one an id of its own, and reboot it:
    rm -f /etc/machine-id /var/lib/dbus/machine-id; systemd-machine-id-setup || dbus-uuidgen --ensure=/etc/machine-id`,
    });
  }
  return undefined;
}

/** Namespaces of one machine share its boot too, and do no harm to each other. */
function isCopy(node: V1Node, { machineId, bootId }: MachineIds): boolean {
  const info = node.status?.nodeInfo;
  return machineId !== '' && info?.machineID === machineId && info.bootID !== bootId;
}

const ifGone = (node: V1Node): string =>
  isReady(node)
    ? 'It is Ready, so it is another machine.'
    : `It is not Ready. If it was this machine under another name, or is gone, remove it on the server: berth node remove ${nameOf(node)}`;

export const isReady = (node: V1Node): boolean =>
  node.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true;

const nameOf = (node: V1Node): string => node.metadata?.name ?? '';

const addressesOf = (node: V1Node): string[] =>
  (node.status?.addresses ?? []).filter((one) => one.type !== 'Hostname').map((one) => one.address);
