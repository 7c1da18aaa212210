import type { CommandEntry } from './command.ts';

/** Every verb of `berth`, in the order of the help. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'up',
    group: 'cluster',
    summary: 'Set up this machine and start the cluster',
    load: () => import('./commands/up.ts'),
  },
  {
    name: 'down',
    group: 'cluster',
    summary: 'Stop the cluster; with --purge, remove every trace',
    load: () => import('./commands/down.ts'),
  },
  {
    name: 'status',
    group: 'cluster',
    summary: 'Show what runs on this machine',
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'server',
    group: 'cluster',
    summary: 'Run the server in the foreground',
    load: () => import('./commands/server.ts'),
  },
  { name: 'get', group: 'objects', summary: 'List or show objects', load: () => import('./commands/get.ts') },
];
