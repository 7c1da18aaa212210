export interface Breach {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

interface Rule {
  readonly pattern: RegExp;
  readonly message: string;
  /** Looks at what stands in quotes too. */
  readonly quotes?: boolean;
  /** Which files it binds. */
  applies(file: string): boolean;
}

const isTest = (file: string): boolean => /\.test\.ts$|^(test|bench|tools)\//.test(file);
const isPureRoom = (file: string): boolean => /^(base|api|client|control-plane|node-agent)\//.test(file);

const rules: readonly Rule[] = [
  {
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/,
    message: 'the wall clock is a parameter: take a Clock (base/clock.ts)',
    applies: (file) => isPureRoom(file) && !file.startsWith('base/real/') && !isTest(file),
  },
  {
    pattern: /(?<![.\w])set(Timeout|Interval)\(|\bAbortSignal\.timeout\(/,
    message: 'timers are a parameter: take a Clock (base/clock.ts)',
    applies: (file) => isPureRoom(file) && !file.startsWith('base/real/') && !isTest(file),
  },
  {
    pattern: /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b|\bgetRandomValues\b/,
    message: 'randomness is a parameter: take a Random (base/random.ts)',
    applies: (file) => isPureRoom(file) && !file.startsWith('base/real/') && !isTest(file),
  },
  {
    // `any` itself is the linter's.
    pattern: /@ts-(ignore|expect-error|nocheck)|\bas unknown as\b/,
    message: 'no way around the type checker',
    applies: (file) => !file.startsWith('tools/tidy/'),
  },
  {
    pattern: /\b(vi|vitest)\.(mock|doMock)\(/,
    message: 'no module mocks: hand in a fake through a parameter',
    applies: () => true,
  },
  {
    pattern: /\b(describe|it|test)\.(only|skip|todo)\(/,
    message: 'no test is switched off or alone; say at run time why it cannot run (skipIf, context.skip)',
    applies: isTest,
  },
  {
    pattern: /^import (?!type\b).*from 'node:http'/,
    quotes: true,
    message: 'take node:http from base/node-http.ts: an import of it loads 12 MB that nobody uses',
    applies: (file) => !isTest(file),
  },
  {
    pattern: /\b(TODO|FIXME|XXX)\b/,
    message: 'finish it, or make it an error that a user can understand',
    applies: (file) => !file.startsWith('tools/tidy/'),
  },
];

const linesMax = 500;

export function breaches(file: string, text: string): Breach[] {
  const lines = text.split('\n');
  const found = lines.flatMap((line, index) =>
    rules
      .filter((rule) => rule.applies(file) && rule.pattern.test(rule.quotes ? line : withoutStrings(line)))
      .map((rule) => ({ file, line: index + 1, message: rule.message })),
  );
  if (lines.length > linesMax) {
    found.push({ file, line: linesMax, message: `over ${linesMax} lines: is there a second thing in there?` });
  }
  return found;
}

/** Text in quotes on one line is data, not code; a comment stays, for the rules that look at comments. */
const withoutStrings = (line: string): string => line.replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, "''");
