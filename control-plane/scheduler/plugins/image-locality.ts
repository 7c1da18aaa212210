import type { Plugin, Snapshot } from '../types.ts';

const mebibyte = 2 ** 20;
/** Images smaller than this do not count, and beyond the upper bound (per container) more bytes do not either. */
const bytesMin = 23 * mebibyte;
const bytesMaxPerContainer = 1000 * mebibyte;

/** Prefers nodes that have the pod's images, weighed by how many nodes have them so that nodes do not heat up. */
export const imageLocality: Plugin = {
  name: 'ImageLocality',
  wakes: [],
  weight: 1,
  prepare(pod, snapshot) {
    const images = pod.images.map(normalName);
    if (images.length === 0) return undefined;
    const shares = new Map(images.map((image) => [image, shareWith(snapshot, image)]));
    if ([...shares.values()].every((share) => share === 0)) return undefined;
    const bytesMax = bytesMaxPerContainer * images.length;
    return {
      score: (nodes) =>
        nodes.map((node) => {
          const bytes = images.reduce(
            (sum, image) => sum + (node.images.get(image) ?? 0) * (shares.get(image) ?? 0),
            0,
          );
          return Math.floor((100 * (Math.min(Math.max(bytes, bytesMin), bytesMax) - bytesMin)) / (bytesMax - bytesMin));
        }),
    };
  },
};

/** Nodes report names with a tag or digest. */
const normalName = (image: string): string =>
  image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;

function shareWith({ nodes }: Snapshot, image: string): number {
  return nodes.reduce((count, node) => count + (node.images.has(image) ? 1 : 0), 0) / nodes.length;
}
