/** Which words and verbs a program knows: kubectl of today, kubectl of 2021 (1.20 to 1.23), and our own. */
export type Flavour = 'kubectl' | 'old-kubectl' | 'berth';

/**
 * What a program must print. Texts are compared line by line; any run of blanks equals any other. Placeholders:
 * `<age>` 5s or 2m3s, `<id>` letters, digits and dashes, `<ip>` an IPv4 address, `<word>` anything without blanks, `<any>` the rest of
 * a line, `<from>` what newer kubectls say behind "deleted", `<ns>` the program's namespace.
 */
export interface Expected {
  /** Default 0; `'any'` for what is stopped from outside. */
  readonly code?: number | 'any' | undefined;
  /** All of stdout. */
  readonly out?: string | undefined;
  /** Lines (or parts of lines) that stdout has, in any order. */
  readonly has?: readonly string[] | undefined;
  readonly lacks?: readonly string[] | undefined;
  /** A part of stderr. Default: whatever it is. */
  readonly err?: string | undefined;
}

export interface Step extends Expected {
  /** The arguments in one line, as typed into a shell; 'quotes' keep blanks. `{dir}` has the fixtures, `{ns}` is the namespace. */
  readonly run: string;
  readonly input?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Default: all. */
  readonly only?: readonly Flavour[] | undefined;
  /** Where the words of one program differ. */
  readonly by?: Partial<Record<Flavour, Expected>> | undefined;
  /** Repeated until it is as expected: for what the cluster does in its own time. */
  readonly repeat?: true | undefined;
  /** Behind a terminal. */
  readonly tty?: true | undefined;
  /** It runs on until this has appeared on stdout, and is then interrupted. Its exit code does not count. */
  readonly until?: string | undefined;
  /** Run once the step's program has printed its first line. */
  readonly meanwhile?: readonly string[] | undefined;
  /** A request to the port of "Forwarding from" answers with this. */
  readonly fetches?: string | undefined;
}

export const kubectlOnly: readonly Flavour[] = ['kubectl', 'old-kubectl'];
export const newOnly: readonly Flavour[] = ['kubectl'];
