/** A control plane in a process of its own, so that its memory, its log and its end can be seen from outside. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { createTestCertificates, type TestCertificates } from './certs.ts';
import type { ProcessOptions } from './control-plane-main.ts';

export interface ControlPlaneProcess {
  readonly port: number;
  readonly certs: TestCertificates;
  /** All that it has said on its standard output (its log, from "warn" up) and error. */
  said(): string;
  isRunning(): boolean;
  /** Bytes of its heap and of buffers, after a collection of garbage. */
  memoryBytes(): Promise<number>;
  stop(): Promise<void>;
}

const startMaxMs = 30_000;
const isMessage = (value: unknown): value is { port?: number; memoryBytes?: number } =>
  typeof value === 'object' && value !== null;

/** Rejects, with what it said, when it ends before it is ready. */
export async function startControlPlaneProcess(endpoints: readonly string[]): Promise<ControlPlaneProcess> {
  const certs = await createTestCertificates();
  const options: ProcessOptions = { endpoints, ca: certs.ca.cert, server: certs.server, node: certs.proxy };
  const child = fork(join(import.meta.dirname, 'control-plane-main.ts'), {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.send(options);
  const port = await Promise.race([
    message(child, 'port', startMaxMs),
    ended.then(() => Promise.reject(new Error(`the control plane ended: ${said}`))),
  ]);
  return {
    port,
    certs,
    said: () => said,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    memoryBytes() {
      const answer = message(child, 'memoryBytes', startMaxMs);
      child.send('memory');
      return answer;
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function message(child: ChildProcess, name: 'port' | 'memoryBytes', maxMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} within ${maxMs} ms`)), maxMs);
    const listen = (value: unknown): void => {
      const found = isMessage(value) ? value[name] : undefined;
      if (found === undefined) return;
      clearTimeout(timer);
      child.off('message', listen);
      resolve(found);
    };
    child.on('message', listen);
  });
}
