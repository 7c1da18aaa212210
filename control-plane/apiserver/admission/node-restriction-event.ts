import type { CoreV1Event } from '#api/generated/types.ts';
import { events } from '#api/kinds.ts';
import type { AuthorizerObjects } from '../auth/objects.ts';
import type { AdmissionRequest } from '../registry/admission.ts';
import { isObjectOf } from './object-of.ts';

/** Why a node may not tell this: it speaks in its own name, about itself and the pods that are (or were) bound to it. */
export function eventRefusal(
  { operation, definition, object, old }: AdmissionRequest,
  nodeName: string,
  objects: AuthorizerObjects,
): string | undefined {
  const who = `node ${JSON.stringify(nodeName)}`;
  if (operation === 'DELETE') return `${who} may not delete events`;
  for (const event of [object, old]) {
    if (!event || !isObjectOf(definition, events, event)) continue;
    if (!speaksAs(event, nodeName)) return `${who} can only report events in its own name`;
    const { kind, name = '', namespace = '' } = event.involvedObject;
    if (kind === 'Node' && name === nodeName) continue;
    if (kind !== 'Pod') return `${who} can only report events about itself and its pods`;
    const pod = objects.pod(namespace, name);
    // Of a pod that is gone by now nobody knows where it was.
    if (pod && pod.spec?.nodeName !== nodeName) return `${who} cannot report events about a pod of another node`;
  }
  return undefined;
}

const speaksAs = ({ source, reportingInstance }: CoreV1Event, nodeName: string): boolean =>
  (source?.host ?? reportingInstance) === nodeName && (!reportingInstance || reportingInstance === nodeName);
