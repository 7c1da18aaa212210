/** Runs the command line in this process, against a server that the test has started. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { createRealClock } from '#base/real/clock.ts';
import { createRealRandom } from '#base/real/random.ts';
import { runCli } from '../program.ts';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TestCli {
  /** A folder that goes away with `end`. */
  readonly folder: string;
  run(
    args: readonly string[],
    options?: { readonly stdin?: string; readonly signal?: AbortSignal },
  ): Promise<CliResult>;
  /** Runs and expects exit code 0; returns what was printed. Throws an error with all that was said. */
  ok(args: readonly string[], stdin?: string): Promise<string>;
  end(): void;
}

export interface TestAccess {
  readonly url: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Without access there is no cluster to talk to. */
export function createTestCli(access?: TestAccess): TestCli {
  const folder = mkdtempSync(join(tmpdir(), 'berth-cli-'));
  const kubeconfig = join(folder, 'kubeconfig');
  if (access) writeFileSync(kubeconfig, JSON.stringify(configOf(access)));

  const run: TestCli['run'] = async (args, { stdin = '', signal = new AbortController().signal } = {}) => {
    const stdout = collect();
    const stderr = collect();
    const before = process.exitCode;
    process.exitCode = undefined;
    try {
      const code = await runCli(args, {
        stdin: Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]),
        stdout: stdout.stream,
        stderr: stderr.stream,
        env: { KUBECONFIG: kubeconfig, HOME: folder },
        cwd: folder,
        clock: createRealClock(),
        random: createRealRandom(),
        signal,
      });
      return { code, stdout: stdout.text(), stderr: stderr.text() };
    } finally {
      process.exitCode = before;
    }
  };
  return {
    folder,
    run,
    async ok(args, stdin) {
      const { code, stdout, stderr } = await run(args, stdin === undefined ? {} : { stdin });
      if (code !== 0) throw new Error(`berth ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
      return stdout;
    },
    end: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function collect(): { stream: PassThrough; text(): string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

const base64 = (pem: string): string => Buffer.from(pem).toString('base64');

const configOf = ({ url, ca, cert, key }: TestAccess) => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'test',
  contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority-data': base64(ca) } }],
  users: [{ name: 'test', user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) } }],
});
