const acronyms: ReadonlySet<string> = new Set([
  'API',
  'CIDR',
  'CPU',
  'DNS',
  'FQDN',
  'HTTP',
  'ID',
  'IP',
  'JSON',
  'OS',
  'QPS',
  'TCP',
  'TLS',
  'UDP',
  'UID',
  'URI',
  'URL',
  'UUID',
  'VM',
]);

/** `holderIdentity` as `Holder Identity`, `podIP` as `Pod IP`; names that are no words of ours stay as they are. */
export function smartLabel(field: string): string {
  if (!/^[A-Za-z-]+$/.test(field)) return field;
  const words = field.match(/[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]|-/g) ?? [field];
  return words
    .filter((word) => word !== '-')
    .map((word) =>
      acronyms.has(word.toUpperCase()) ? word.toUpperCase() : `${word.charAt(0).toUpperCase()}${word.slice(1)}`,
    )
    .join(' ');
}
