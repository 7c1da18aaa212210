/**
 * What names, labels and annotations may look like. Every rule returns what is wrong in Kubernetes' words; an empty list
 * means that the text is fine. `validateObjectMeta` (object-meta.ts) applies them to an object.
 */

const subdomainPattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const labelPattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const label1035Pattern = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualifiedPattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValuePattern = `(${qualifiedPattern})?`;

// The same languages as the patterns above, written so that no input makes them backtrack.
const isSubdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const isLabel1035 = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
const isQualifiedPart = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

const subdomainLengthMax = 253;
const labelLengthMax = 63;

const tooLong = (lengthMax: number): string => `must be no more than ${lengthMax} bytes`;

const explain = (rule: string, pattern: string, ...examples: string[]): string =>
  `${rule} (e.g. ${examples.map((one) => `'${one}'`).join(',  or ')}, regex used for validation is '${pattern}')`;

const subdomainRule = explain(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  subdomainPattern,
  'example.com',
);
const labelRule = explain(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  labelPattern,
  'my-name',
  '123-abc',
);
const label1035Rule = explain(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  label1035Pattern,
  'my-name',
  'abc-123',
);
const qualifiedRule = explain(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualifiedPattern,
  'MyName',
  'my.name',
  '123-abc',
);
const labelValueRule = explain(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  labelValuePattern,
  'MyValue',
  'my_value',
  '12345',
);

const check = (text: string, lengthMax: number, fits: boolean, rule: string): string[] => [
  ...(Buffer.byteLength(text) > lengthMax ? [tooLong(lengthMax)] : []),
  ...(fits ? [] : [rule]),
];

export const dnsSubdomainErrors = (text: string): string[] =>
  check(
    text,
    subdomainLengthMax,
    text.split('.').every((part) => isSubdomain.test(part)),
    subdomainRule,
  );

export const dnsLabelErrors = (text: string): string[] =>
  check(text, labelLengthMax, isSubdomain.test(text), labelRule);

export const dns1035LabelErrors = (text: string): string[] =>
  check(text, labelLengthMax, isLabel1035.test(text), label1035Rule);

/** What may stand between two slashes of a URL: names of roles and the like. */
export const pathSegmentErrors = (text: string): string[] => {
  if (text === '.' || text === '..') return [`may not be '${text}'`];
  return ['/', '%'].filter((banned) => text.includes(banned)).map((banned) => `may not contain '${banned}'`);
};

/** Keys of labels and annotations, names of finalizers, extended resources and taints: `example.com/name` or `name`. */
export function qualifiedNameErrors(text: string): string[] {
  const [first = '', second, ...more] = text.split('/');
  if (more.length > 0) {
    return [
      `a qualified name ${qualifiedRule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = second ?? first;
  return [...(second === undefined ? [] : prefixErrors(first)), ...namePartErrors(name)];
}

const prefixErrors = (prefix: string): string[] =>
  prefix === '' ? ['prefix part must be non-empty'] : dnsSubdomainErrors(prefix).map((error) => `prefix part ${error}`);

const namePartErrors = (name: string): string[] => [
  ...(name === '' ? ['name part must be non-empty'] : []),
  ...check(name, labelLengthMax, isQualifiedPart.test(name), qualifiedRule).map((error) => `name part ${error}`),
];

export const labelValueErrors = (text: string): string[] =>
  check(text, labelLengthMax, text === '' || isQualifiedPart.test(text), labelValueRule);
