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
  {
    name: 'agent',
    group: 'cluster',
    summary: "Run this machine's agent in the foreground",
    load: () => import('./commands/agent.ts'),
  },
  { name: 'get', group: 'objects', summary: 'List or show objects', load: () => import('./commands/get.ts') },
  {
    name: 'describe',
    group: 'objects',
    summary: 'Show objects in words, and what is wrong with them',
    load: () => import('./commands/describe.ts'),
  },
  {
    name: 'apply',
    group: 'objects',
    summary: 'Make the cluster as manifests say',
    load: () => import('./commands/apply.ts'),
  },
  { name: 'delete', group: 'objects', summary: 'Delete objects', load: () => import('./commands/delete.ts') },
  {
    name: 'scale',
    group: 'workloads',
    summary: 'Set the number of replicas',
    load: () => import('./commands/scale.ts'),
  },
  {
    name: 'rollout',
    group: 'workloads',
    summary: 'Follow, undo, restart, pause, resume rollouts',
    load: () => import('./commands/rollout.ts'),
  },
  { name: 'wait', group: 'objects', summary: 'Wait for a state of objects', load: () => import('./commands/wait.ts') },
  { name: 'events', group: 'objects', summary: 'List what has happened', load: () => import('./commands/events.ts') },
  { name: 'label', group: 'objects', summary: 'Set or remove labels', load: () => import('./commands/label.ts') },
  {
    name: 'annotate',
    group: 'objects',
    summary: 'Set or remove annotations',
    load: () => import('./commands/annotate.ts'),
  },
  {
    name: 'logs',
    group: 'containers',
    summary: 'Print what containers write',
    load: () => import('./commands/logs.ts'),
  },
  {
    name: 'exec',
    group: 'containers',
    summary: 'Run a command in a container',
    load: () => import('./commands/exec.ts'),
  },
  {
    name: 'attach',
    group: 'containers',
    summary: 'Connect to the process of a container',
    load: () => import('./commands/attach.ts'),
  },
  {
    name: 'port-forward',
    group: 'containers',
    summary: 'Reach ports of a pod from this machine',
    load: () => import('./commands/port-forward.ts'),
  },
  {
    name: 'cp',
    group: 'containers',
    summary: 'Copy files to and from a container',
    load: () => import('./commands/cp.ts'),
  },
  {
    name: 'explain',
    group: 'other',
    summary: 'Say what a kind and its fields are for',
    load: () => import('./commands/explain.ts'),
  },
  {
    name: 'api-resources',
    group: 'other',
    summary: 'List the kinds that the server has',
    load: () => import('./commands/api-resources.ts'),
  },
  {
    name: 'completion',
    group: 'other',
    summary: 'Make the shell complete our verbs, flags and names',
    load: () => import('./commands/completion.ts'),
  },
  { name: 'version', group: 'other', summary: 'Show versions', load: () => import('./commands/version.ts') },
];
