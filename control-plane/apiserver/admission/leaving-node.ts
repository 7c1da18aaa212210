import { nodeNameOf } from '#api/certificates.ts';
import { nodes } from '#api/kinds.ts';
import type { Clock } from '#base/clock.ts';
import type { ApiClient } from '#client/api-client.ts';
import { revokeNode } from '#client/certificates/revoke-node.ts';
import type { AdmissionHook } from '../registry/admission.ts';

const answerMs = 1_000;

/**
 * A node that has deleted its own Node has left the cluster: its certificates are refused a moment later, wherever there are
 * copies of them. `client` writes the record of that, with the server's own rights.
 */
export function createLeavingNode(clock: Clock, client: () => ApiClient): AdmissionHook {
  return {
    name: 'leaving-node',
    async admit() {},
    async settled({ definition, operation, key, dryRun, context: { user } }, outcome) {
      const { group, resource } = definition.type;
      if (operation !== 'DELETE' || outcome !== 'removed' || dryRun) return;
      if (group !== nodes.group || resource !== nodes.resource || nodeNameOf(user) !== key.name) return;
      const leftMs = clock.now();
      const revoke = () => revokeNode(client(), key.name, { now: () => leftMs }).catch(() => undefined);
      // It shall hear that its Node is gone before its connections are cut. A server that ends in between, or cannot write,
      // leaves the certificates as good as they were.
      clock.setTimer(answerMs, () => void revoke());
    },
  };
}
