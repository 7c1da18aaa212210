const units = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** As Docker and containerd write sizes: `0 bytes`, `1.4 MB`, powers of 1000. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power > 0 && value < 100 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}
