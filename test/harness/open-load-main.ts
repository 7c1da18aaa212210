/**
 * An open load in a process of its own, so that it can run in another network namespace: `open-load-main.ts URL PER_SECOND`.
 * Each request has a connection of its own and is sent at its time, whether earlier ones were answered or not. Each line on
 * stdin asks for the counts so far, as one line of JSON on stdout; the end of stdin ends it.
 */
import { request } from 'node:http';
import { createInterface } from 'node:readline';

const [url = '', perSecond = '100'] = process.argv.slice(2);
const timeoutMs = 5_000;
const failuresKept = 20;

let sent = 0;
let answered = 0;
let failed = 0;
let slowestMs = 0;
let lateMs = 0;
const failures: string[] = [];
const answers: Record<string, number> = {};
let stopping = false;

function send(): void {
  sent += 1;
  const startMs = performance.now();
  let settled = false;
  const fail = (why: string): void => {
    if (settled) return;
    settled = true;
    failed += 1;
    if (failures.length < failuresKept) failures.push(`${new Date().toISOString()} ${why}`);
  };
  const outgoing = request(url, { agent: false, timeout: timeoutMs }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    response.on('error', (error) => fail(error.message));
    response.on('aborted', () => fail('cut off in the middle'));
    response.on('end', () => {
      if (settled) return;
      if (response.statusCode !== 200) return fail(`status ${response.statusCode}`);
      settled = true;
      answered += 1;
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      const text = body.trim();
      answers[text] = (answers[text] ?? 0) + 1;
    });
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${timeoutMs} ms`)));
  outgoing.on('error', (error) => fail('code' in error ? `${error.code}: ${error.message}` : error.message));
  outgoing.end();
}

const startMs = performance.now();
const everyMs = 1_000 / Number(perSecond);
let due = 0;
const timer = setInterval(() => {
  const nowMs = performance.now() - startMs;
  lateMs = Math.max(lateMs, nowMs - due * everyMs);
  while (!stopping && due * everyMs <= nowMs) {
    due += 1;
    send();
  }
}, 1);

const lines = createInterface({ input: process.stdin });
lines.on('line', () => {
  const counts = {
    sent,
    answered,
    failed,
    slowestMs: Math.round(slowestMs),
    lateMs: Math.round(lateMs),
    failures,
    answers,
  };
  process.stdout.write(`${JSON.stringify(counts)}\n`);
  slowestMs = 0;
  lateMs = 0;
});
lines.on('close', () => {
  stopping = true;
  clearInterval(timer);
});
