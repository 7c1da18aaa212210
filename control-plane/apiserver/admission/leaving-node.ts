import { nodeNameOf } from '#api/certificates.ts';
import { nodes } from '#api/kinds.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { ApiClient } from '#client/api-client.ts';
import { revokeNode } from '#client/certificates/revoke-node.ts';
import type { AdmissionHook } from '../registry/admission.ts';

/**
 * A node that has deleted its own Node has left the cluster: its certificates are refused from then on, wherever there are
 * copies of them. `client` writes the record of that, with the server's own rights: before the answer, so that a machine
 * that joins under the name at once gets certificates that are later.
 */
export function createLeavingNode(clock: Clock, log: Log, client: () => ApiClient): AdmissionHook {
  return {
    name: 'leaving-node',
    async admit() {},
    async settled({ definition, operation, key, dryRun, context: { user } }, outcome) {
      const { group, resource } = definition.type;
      if (operation !== 'DELETE' || outcome !== 'removed' || dryRun) return;
      if (group !== nodes.group || resource !== nodes.resource || nodeNameOf(user) !== key.name) return;
      try {
        await revokeNode(client(), key.name, clock);
      } catch (error) {
        log.error({ err: error, node: key.name }, 'a node has left, and its certificates stay as good as they were');
      }
    },
  };
}
