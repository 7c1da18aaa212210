import type { ImageAuth } from '../../runtime/runtime.ts';
import { parseImageName } from '../reference.ts';
import { upstreamOf } from './hosts-files.ts';
import type { Registries } from './setting.ts';

/** The cluster's credentials for an image, in the order in which containerd asks: mirrors, then the registry itself. */
export function registryAuths({ mirrors, configs }: Registries, image: string): readonly ImageAuth[] {
  const reference = parseImageName(image);
  if (!reference) return [];
  const { registry } = reference;
  const endpoints = mirrors.get(registry) ?? mirrors.get('*') ?? [];
  const upstream = upstreamOf(registry);
  const places = [
    ...endpoints.map((url) => ({ names: [url.host], address: url.origin })),
    { names: [registry, upstream], address: `https://${upstream}` },
  ];
  const seen = new Set<string>();
  return places.flatMap(({ names, address }) => {
    const auth = names.map((name) => configs.get(name)?.auth).find((one) => one !== undefined);
    if (!auth || seen.has(address)) return [];
    seen.add(address);
    // With its address, containerd shows a credential to nobody else.
    return [{ ...auth, serverAddress: address }];
  });
}
