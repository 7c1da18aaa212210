import { dnsLabelErrors, dnsSubdomainErrors } from '../names.ts';
import { isIP, isIPv4, isIPv6 } from './ip.ts';

export {
  dns1035LabelErrors as dns1035LabelProblems,
  dnsSubdomainErrors as dnsSubdomainProblems,
  labelValueErrors as labelValueProblems,
  pathSegmentErrors as pathSegmentProblems,
  qualifiedNameErrors as qualifiedNameProblems,
} from '../names.ts';

/** Every function here tells what is wrong with a value, in Kubernetes' words; nothing wrong: an empty list. */

export const notNegative = 'must be greater than or equal to 0';
export const notPositive = 'must be greater than zero';
export const immutable = 'field is immutable';
export const inclusiveRange = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;

const bytesOf = (text: string): number => Buffer.byteLength(text);
const tooLong = (bytesMax: number): string => `must be no more than ${bytesMax} bytes`;

/** How a rule that is a pattern is worded; the double space between two examples is theirs. */
export function patternMessage(message: string, pattern: string, ...examples: readonly string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(' or ');
  return examples.length === 0
    ? `${message} (regex used for validation is '${pattern}')`
    : `${message} (e.g. ${shown}regex used for validation is '${pattern}')`;
}

/** A name with dots where one label is asked for is told so, not shown the pattern. */
export function dnsLabelProblems(value: string): string[] {
  const problems = dnsLabelErrors(value);
  const dotted = value.includes('.') && dnsSubdomainErrors(value).length === 0;
  return dotted ? [...problems.slice(0, -1), 'must not contain dots'] : problems;
}

const underscoreLabel = '[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?';

/** Search domains may have underscores (SRV records do). */
export function dnsSubdomainWithUnderscoreProblems(value: string): string[] {
  const problems = bytesOf(value) > 253 ? [tooLong(253)] : [];
  if (value.split('.').every((part) => /^[a-z0-9_](?:[-_a-z0-9]*[a-z0-9_])?$/.test(part))) return problems;
  const words =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  const pattern = `${underscoreLabel}(\\.${underscoreLabel})*`;
  return [...problems, patternMessage(words, pattern, 'example.com')];
}

export function wildcardSubdomainProblems(value: string): string[] {
  const problems = bytesOf(value) > 253 ? [tooLong(253)] : [];
  if (value.startsWith('*.') && dnsSubdomainErrors(value.slice(2)).length === 0) return problems;
  const words =
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
  const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
  return [...problems, patternMessage(words, `\\*\\.${label}(\\.${label})*`, '*.example.com')];
}

export const portNumberProblems = (port: number): string[] =>
  port >= 1 && port <= 65_535 ? [] : [inclusiveRange(1, 65_535)];

/** IANA service names, as container ports are called. */
export function portNameProblems(name: string): string[] {
  const problems = bytesOf(name) > 15 ? [tooLong(15)] : [];
  if (!/^[-a-z0-9]+$/.test(name)) {
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(name)) problems.push('must contain at least one letter (a-z)');
  if (name.includes('--')) problems.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) problems.push('must not begin or end with a hyphen');
  return problems;
}

/** Keys of ConfigMaps and Secrets: they become file names. */
export function configKeyProblems(key: string): string[] {
  const problems = bytesOf(key) > 253 ? [tooLong(253)] : [];
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
    const words = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    problems.push(patternMessage(words, '[-._a-zA-Z0-9]+', 'key.name', 'KEY_NAME', 'key-name'));
  }
  if (key === '.' || key === '..') problems.push(`must not be '${key}'`);
  else if (key.startsWith('..')) problems.push("must not start with '..'");
  return problems;
}

export function envNameProblems(name: string): string[] {
  const problems = name === '' ? ['environment variable name must be non-empty'] : [];
  if (/[^\x20-\x7e]|=/.test(name)) {
    problems.push("a valid environment variable name must consist only of printable ASCII characters other than '='");
  }
  return problems;
}

export const httpHeaderProblems = (name: string): string[] =>
  /^[-A-Za-z0-9]+$/.test(name)
    ? []
    : [
        patternMessage(
          "a valid HTTP header must consist of alphanumeric characters or '-'",
          '[-A-Za-z0-9]+',
          'X-Header-Name',
        ),
      ];

export const percentProblems = (text: string): string[] =>
  /^[0-9]+%$/.test(text)
    ? []
    : [
        patternMessage(
          "a valid percent string must be a numeric string followed by an ending '%'",
          '[0-9]+%',
          '1%',
          '93%',
        ),
      ];

export const ipProblems = (text: string): string[] =>
  isIP(text) ? [] : ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];

export function cidrProblems(text: string): string[] {
  const [address = '', bits = '', ...more] = text.split('/');
  const bitsMax = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  const good = more.length === 0 && /^(0|[1-9][0-9]{0,2})$/.test(bits) && Number(bits) <= bitsMax;
  return good ? [] : ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'];
}

export const userIdProblems = (id: number): string[] =>
  id >= 0 && id <= 2_147_483_647 ? [] : [inclusiveRange(0, 2_147_483_647)];
