import { join } from 'node:path';

/** Everything of one run carries its id: folders, namespaces. */
export const runsFolder = '/var/tmp';
export const folderOf = (id: string): string => join(runsFolder, `berth-mach-${id}`);
export const runFolders = /^berth-mach-[0-9a-f]{6}$/;
export const namespacesOf = (id: string): RegExp => new RegExp(`^berth-${id}-(wire|m\\d+(-pod-.+)?)$`);
export const wireNamespace = (id: string): string => `berth-${id}-wire`;
export const machineNamespace = (id: string, index: number): string => `berth-${id}-m${index}`;
export const noteFile = 'owner';
/** Of a pod that is nothing but this. */
export const podNamespace = (machine: string, name: string): string => `${machine}-pod-${name}`;
