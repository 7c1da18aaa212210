import type { ClientFlags } from '../client-flags.ts';

export interface GetFlags extends ClientFlags {
  readonly output?: string;
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly allNamespaces?: boolean;
  readonly watch?: boolean;
  readonly watchOnly?: boolean;
  readonly headers: boolean;
  readonly showLabels?: boolean;
  readonly labelColumns?: string[];
  readonly filename?: string[];
  readonly ignoreNotFound?: boolean;
  readonly sortBy?: string;
  readonly showKind?: boolean;
  readonly chunkSize: string;
  readonly recursive?: boolean;
  readonly raw?: string;
}
