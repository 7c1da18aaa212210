/** What runs when in `npm test`: two cores, and tests that mostly wait. */

/** One vitest process. */
export interface Lane {
  readonly name: string;
  readonly layer: Layer;
  /** Files of the layer's project that it runs. @default all of them */
  readonly only?: readonly string[] | undefined;
  /** Files of the project that it leaves to others. */
  readonly without?: readonly string[] | undefined;
  /** It computes, on a clock of its own: lanes beside it that wait for something come first. */
  readonly yields?: boolean | undefined;
}

/** Lanes that run side by side. */
export type Stage = readonly Lane[];

export const layers = ['unit', 'integration', 'sim', 'e2e', 'vm'] as const;
export type Layer = (typeof layers)[number];
export const isLayer = (text: string): text is Layer => layers.some((one) => one === text);

/** Virtual machines without hardware support take as long as everything else together: they run when they are named. */
const onRequest: readonly Layer[] = ['vm'];

/** These look at how long something takes, or at the whole machine: nothing else may run then. */
export const alone: Readonly<Partial<Record<Layer, readonly string[]>>> = {
  integration: ['test/integration/bad-input.test.ts'],
  e2e: [
    'test/e2e/machine-death.test.ts',
    // It and clusters that end set switches of the kernel back that the other needs.
    'test/e2e/node-network.test.ts',
    'test/e2e/purge.test.ts',
    'test/e2e/rollouts-under-load.test.ts',
  ],
};

/**
 * Tests that import one of these have network namespaces of their own, or on the machine a bridge and a pod network that no
 * cluster has. Whole clusters on the machine share its service addresses: they come one after the other.
 */
const apart = /from '\.\.\/harness\/(machines\/|packets\/|agent-server|containerd|image-cluster)/;

/**
 * The stages of these layers (none: all but those on request), one after the other. `e2e` has the text of each file of
 * that layer by its path: it is what tells the lanes apart.
 */
export function planStages(wanted: readonly Layer[], e2e: ReadonlyMap<string, string>): Stage[] {
  const ofLayer = (layer: Layer): boolean =>
    wanted.length === 0 ? !onRequest.includes(layer) : wanted.includes(layer);
  const aloneIn = (layer: Layer): readonly string[] => alone[layer] ?? [];
  const setApart = [...e2e]
    .filter(([file, text]) => apart.test(text) && !aloneIn('e2e').includes(file))
    .map(([file]) => file);
  const stages: Stage[] = [
    [{ name: 'unit', layer: 'unit' }],
    // One waits, the other computes.
    [
      { name: 'integration', layer: 'integration', without: aloneIn('integration') },
      { name: 'sim', layer: 'sim', yields: true },
    ],
    [{ name: 'integration, alone', layer: 'integration', only: aloneIn('integration') }],
    [
      { name: 'e2e, clusters', layer: 'e2e', without: [...setApart, ...aloneIn('e2e')] },
      { name: 'e2e, apart', layer: 'e2e', only: setApart },
    ],
    [{ name: 'e2e, alone', layer: 'e2e', only: aloneIn('e2e') }],
    [{ name: 'vm', layer: 'vm' }],
  ];
  return stages.map((stage) => stage.filter(({ layer }) => ofLayer(layer))).filter((stage) => stage.length > 0);
}
