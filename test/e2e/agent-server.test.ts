import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { rotateLogs } from '#node-agent/logs/rotation.ts';
import { createSpdySession } from '#node-agent/server/spdy/session.ts';
import { startAgentServer, type TestAgentServer } from '../harness/agent-server.ts';
import { eventually } from '../harness/eventually.ts';
import { openChannels, openSpdy, openTunnel, type StreamAccess } from '../harness/streams.ts';

let agent: TestAgentServer;
let access: StreamAccess;

beforeAll(async () => {
  agent = await startAgentServer({ port: 0, prefix: 'bga' });
  access = agent.access;
  await agent.startContainer({ name: 'main' });
});
afterAll(() => agent?.stop());

const v5 = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const v4 = ['v4.channel.k8s.io'];

const execPath = (command: readonly string[], streams: string, container = 'main') =>
  `/exec/default/web/${container}?${command.map((word) => `command=${encodeURIComponent(word)}`).join('&')}&${streams}`;

function get(path: string, change: Partial<StreamAccess> = {}): Promise<{ status: number; body: string }> {
  const { port, ...tls } = { ...access, ...change };
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, agent: false, ...tls }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.once('error', reject);
    });
    call.once('error', reject);
    call.end();
  });
}

const statusOf = (text: string) => JSON.parse(text);

describe('who may call', () => {
  it('refuses a client without a certificate, and one of the wrong name', async () => {
    const { port, ca } = access;
    const bare = await new Promise<number>((resolve, reject) => {
      request({ host: '127.0.0.1', port, ca, path: '/pods', agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .once('error', reject)
        .end();
    });
    expect(bare).toBe(401);
    const stranger = await agent.issue('mallory', ['system:nodes']);
    expect((await get('/pods', stranger)).status).toBe(403);
    await expect(openChannels({ ...access, ...stranger }, execPath(['id'], 'output=1'), v5)).rejects.toThrow('403');
    const admin = await agent.issue('anna', ['x', 'system:masters']);
    expect((await get('/healthz', admin)).body).toBe('ok');
  });
});

describe('plain requests', () => {
  it('lists pods, and counts what they use', async () => {
    expect(JSON.parse((await get('/pods')).body)).toMatchObject({
      kind: 'PodList',
      items: [{ metadata: { name: 'web' } }],
    });
    expect((await get('/metrics')).body).toBe('up 1\n');
    await eventually(async () => {
      const summary = JSON.parse((await get('/stats/summary')).body);
      expect(summary.node).toMatchObject({ nodeName: 'node', cpu: { usageCoreNanoSeconds: expect.any(Number) } });
      const [pod] = summary.pods;
      expect(pod).toMatchObject({ podRef: { name: 'web' }, containers: [{ name: 'main' }] });
      expect(pod.memory.workingSetBytes).toBeGreaterThan(0);
    });
    expect((await get('/metrics/resource')).body).toMatch(
      /container_memory_working_set_bytes\{container="main",namespace="default",pod="web"\} \d+/,
    );
  });

  it('says what it does not have', async () => {
    expect((await get('/nothing')).status).toBe(404);
    expect((await get('/%zz')).status).toBe(400);
    expect((await get('/exec/default/web/main?command=id&output=1')).body).toContain('Upgrade');
    expect((await get('/containerLogs/default/none/main')).status).toBe(404);
    expect((await get('/containerLogs/default/web/none')).status).toBe(404);
    expect((await get('/containerLogs/default/web/main?tailLines=-1')).status).toBe(400);
  });
});

describe('logs', () => {
  it('come with tail, limit and streams; previous ones too', async () => {
    const command = ['sh', '-c', 'for i in 1 2 3; do echo out $i; echo err $i >&2; done'];
    await agent.startContainer({ name: 'talker', command, logPath: 'talker_0.log' });
    await eventually(async () => {
      expect((await get('/containerLogs/default/web/talker')).body.split('\n')).toHaveLength(7);
    });
    expect((await get('/containerLogs/default/web/talker?stream=stderr')).body).toBe('err 1\nerr 2\nerr 3\n');
    expect((await get('/containerLogs/default/web/talker?stream=stdout&limitBytes=8')).body).toBe('out 1\nou');
    expect((await get('/containerLogs/default/web/talker?tailLines=6&timestamps=true')).body).toMatch(
      /^20\d\d-.*Z (out|err) 1/,
    );
    expect((await get('/containerLogs/default/web/talker?previous=true')).status).toBe(400);
    await agent.startContainer({ name: 'talker', attempt: 1, command: ['echo', 'second'], logPath: 'talker_1.log' });
    await eventually(async () => expect((await get('/containerLogs/default/web/talker')).body).toBe('second\n'));
    expect((await get('/containerLogs/default/web/talker?previous=true&stream=stdout&tailLines=1')).status).toBe(200);
  });

  it('are followed to the end of the container, through a rotation', async () => {
    const command = ['sh', '-c', 'i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); sleep 0.01; done'];
    const id = await agent.startContainer({ name: 'counter', command, logPath: 'counter_0.log' });
    const following = get('/containerLogs/default/web/counter?follow=true');
    const options = { runtime: agent.runtime, clock: createRealClock(), log: createSilentLog(), bytesMax: 2_000 };
    for (let round = 0; (await agent.runtime.containerStatus(id)).state === 'running' && round < 100; round += 1) {
      await rotateLogs(options, new AbortController().signal);
      await options.clock.sleep(100);
    }
    const expected = Array.from({ length: 300 }, (_, n) => `line ${n}\n`).join('');
    expect((await following).body).toBe(expected);
  });
});

describe('exec over WebSocket', () => {
  it('gives output, errors and the exit code, and then closes', async () => {
    const path = execPath(['sh', '-c', 'echo out; echo err >&2; exit 7'], 'output=1&error=1');
    const client = await openChannels(access, path, v5);
    expect(client.protocol).toBe('v5.channel.k8s.io');
    expect(await client.closed).toBe(1000);
    expect(client.text(1)).toBe('out\n');
    expect(client.text(2)).toBe('err\n');
    expect(statusOf(client.text(3))).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '7' }] },
    });
  });

  it('says success', async () => {
    const client = await openChannels(access, execPath(['true'], 'output=1'), v4);
    await client.closed;
    expect(statusOf(client.text(3))).toMatchObject({ status: 'Success' });
  });

  it('ends stdin when the client closes the channel, as `echo hi | kubectl exec -i` needs', async () => {
    const client = await openChannels(access, execPath(['cat'], 'input=1&output=1'), v5);
    client.send(0, 'hi\n');
    await eventually(() => client.text(1) === 'hi\n');
    client.closeChannel(0);
    expect(await client.closed).toBe(1000);
    expect(statusOf(client.text(3))).toMatchObject({ status: 'Success' });
  });

  it('passes many megabytes both ways unharmed', async () => {
    const client = await openChannels(access, execPath(['cat'], 'input=1&output=1'), v5);
    const block = Buffer.alloc(256 * 1024, 'abcdefghijklmnopqrstuvwxyz0123456789');
    for (let n = 0; n < 64; n += 1) client.send(0, block);
    client.closeChannel(0);
    await client.closed;
    expect(client.received.get(1)?.length).toBe(64 * block.length);
    expect(client.received.get(1)?.subarray(-block.length).equals(block)).toBe(true);
  });

  it.each(['v4.base64.channel.k8s.io', 'channel.k8s.io'])('speaks %s', async (protocol) => {
    const client = await openChannels(access, execPath(['head', '-n', '1'], 'stdin=true&stdout=true'), [protocol]);
    client.send(0, 'one\ntwo\n');
    await client.closed;
    expect(client.text(1)).toBe('one\n');
  });

  it('gives a terminal of the size that is asked for', async () => {
    // The size comes on a channel of its own: it may be there a moment after the input.
    const wait = 'read x; until stty size 2>&1 | grep "33 77"; do sleep 0.1; done';
    const path = execPath(['sh', '-c', wait], 'input=1&output=1&error=1&tty=1');
    const client = await openChannels(access, path, v5);
    client.send(4, JSON.stringify({ Width: 77, Height: 33 }));
    await eventually(() => client.received.has(1));
    client.send(0, '\n');
    await client.closed;
    expect(client.text(1)).toContain('33 77');
  });

  it('ends the session with the client', async () => {
    const client = await openChannels(access, execPath(['cat'], 'input=1&output=1'), v5);
    client.close();
    await client.closed;
    await eventually(async () => {
      const { stdout } = await agent.runtime.execSync(
        (await agent.runtime.listContainers()).find(({ name }) => name === 'main')?.id ?? '',
        ['sh', '-c', 'ps | grep -c "[c]at$" || true'],
        5,
      );
      expect(stdout.toString().trim()).toBe('0');
    });
  });

  it('refuses in HTTP what it cannot do', async () => {
    await expect(openChannels(access, execPath(['id'], 'output=1', 'none'), v5)).rejects.toThrow(/404 .*none/);
    await expect(openChannels(access, '/exec/default/none/main?command=id&output=1', v5)).rejects.toThrow('404');
    await expect(openChannels(access, '/exec/default/web/main?output=1', v5)).rejects.toThrow(/400 .*command/);
    await expect(openChannels(access, execPath(['id'], 'tty=1'), v5)).rejects.toThrow('400');
    await expect(openChannels(access, execPath(['id'], 'output=1'), ['other'])).rejects.toThrow(/400 .*subprotocol/);
  });

  it('tells that a program does not exist', async () => {
    const client = await openChannels(access, execPath(['/no/such'], 'output=1'), v5);
    await client.closed;
    expect(statusOf(client.text(3))).toMatchObject({ status: 'Failure' });
    expect(client.text(3)).toContain('no such file');
  });
});

describe('attach', () => {
  it('joins the terminal of a running container', async () => {
    await agent.startContainer({ name: 'shell', command: ['sh'], stdin: true, tty: true, logPath: 'shell_0.log' });
    const client = await openChannels(access, '/attach/default/web/shell?input=1&output=1&tty=1', v5);
    client.send(0, 'echo $((6*7))\n');
    await eventually(() => client.text(1).includes('42'));
    client.send(0, 'exit 3\n');
    expect(await client.closed).toBe(1000);
  });
});

describe('over SPDY', () => {
  it('exec works, with the exit code', async () => {
    const session = await openSpdy(
      access,
      execPath(['sh', '-c', 'cat; exit 5'], 'input=1&output=1&error=1'),
      'v4.channel.k8s.io',
    );
    const seen = { error: '', stdout: '' };
    const to = (name: 'error' | 'stdout') => ({
      onData: (data: Buffer) => {
        seen[name] += data.toString();
      },
      onEnd() {},
    });
    session.open({ streamType: 'error' }, to('error'));
    const stdin = session.open({ streamType: 'stdin' }, to('error'));
    session.open({ streamType: 'stdout' }, to('stdout'));
    session.open({ streamType: 'stderr' }, to('error'));
    stdin.write(Buffer.from('hello'));
    stdin.end();
    await session.closed;
    expect(seen.stdout).toBe('hello');
    expect(seen.error).toContain('"ExitCode"');
  });
});

describe('port-forward', () => {
  const serve = ['sh', '-c', 'while :; do echo "GET done" | nc -l -p 8080; done'];
  beforeAll(() => agent.startContainer({ name: 'server', command: serve, logPath: 'server_0.log' }));

  const listening = async () => {
    const [main] = (await agent.runtime.listContainers()).filter(({ name }) => name === 'server');
    await eventually(async () => {
      const { exitCode } = await agent.runtime.execSync(
        main?.id ?? '',
        ['sh', '-c', 'netstat -ltn | grep -q :8080'],
        5,
      );
      expect(exitCode).toBe(0);
    });
  };

  it('over WebSocket channels', async () => {
    await listening();
    const client = await openChannels(access, '/portForward/default/web?port=8080', v4);
    client.send(0, 'hello');
    await eventually(() => client.text(0).includes('GET done'));
    expect(client.received.get(0)?.readUInt16LE(0)).toBe(8080);
    expect(client.received.get(1)?.readUInt16LE(0)).toBe(8080);
    client.close();
    await client.closed;
  });

  it('says on the error channel that nothing listens', async () => {
    const client = await openChannels(access, '/portForward/default/web?port=9', v4);
    await eventually(() => client.text(1).includes('refused'), { pending: () => client.text(1) });
    client.close();
    await client.closed;
  });

  it('over SPDY', async () => {
    await listening();
    const session = await openSpdy(access, '/portForward/default/web', 'portforward.k8s.io');
    let answer = '';
    const headers = { port: '8080', requestID: '0' };
    session.open({ ...headers, streamType: 'error' }, { onData() {}, onEnd() {} }).end();
    const data = session.open(
      { ...headers, streamType: 'data' },
      {
        onData: (chunk) => {
          answer += chunk.toString();
        },
        onEnd() {},
      },
    );
    data.write(Buffer.from('hello'));
    await eventually(() => answer.includes('GET done'));
    session.close();
    await session.closed;
  });

  it('over SPDY in WebSocket messages, as kubectl does it since 1.31', async () => {
    await listening();
    const tunnel = await openTunnel(access, '/portForward/default/web', 'SPDY/3.1+portforward.k8s.io');
    const session = createSpdySession(tunnel, Buffer.alloc(0));
    let answer = '';
    const headers = { port: '8080', requestID: '0' };
    session.open({ ...headers, streamType: 'error' }, { onData() {}, onEnd() {} }).end();
    const take = (chunk: Buffer) => {
      answer += chunk.toString();
    };
    const data = session.open({ ...headers, streamType: 'data' }, { onData: take, onEnd() {} });
    data.write(Buffer.from('hello'));
    await eventually(() => answer.includes('GET done'));
    session.close();
    await session.closed;
  });

  it('refuses ports that are none', async () => {
    await expect(openChannels(access, '/portForward/default/web?port=99999', v4)).rejects.toThrow('400');
    await expect(openChannels(access, '/portForward/default/web', v4)).rejects.toThrow('400');
  });
});
