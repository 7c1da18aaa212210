import type { Command } from 'commander';

/** The flags of every verb that talks to a cluster. */
export interface ClientFlags {
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
}

export const clientFlags = (command: Command): Command =>
  command
    .option('-n, --namespace <name>', 'the namespace (default: that of the kubeconfig, else default)')
    .option('--kubeconfig <file>', "the kubeconfig (default: $KUBECONFIG, ~/.kube/config, or this machine's cluster)")
    .option('--context <name>', 'the context of the kubeconfig');
