import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '#base/clock.ts';
import type { ForwardedConnection } from '#client/streams/port-forward.ts';

/**
 * The far side cannot be told that this side has sent all it has. So after the caller's last word we go on listening, for as
 * long as something comes; then nobody is there any more.
 */
const silenceMs = 10_000;

/** Carries bytes both ways until one side ends. Rejects with a StatusError when the port in the pod cannot be reached. */
export async function relay(local: Socket, remote: ForwardedConnection, clock: Clock): Promise<void> {
  let silence: Timer | undefined;
  const listenOn = (): void => {
    silence?.cancel();
    if (local.readableEnded) silence = clock.setTimer(silenceMs, () => remote.close());
  };
  local.once('close', remote.close);
  const sending = send(local, remote).then(listenOn, () => remote.close());
  try {
    for await (const data of remote.data) {
      if (local.destroyed) return;
      if (!local.write(data)) await Promise.race([once(local, 'drain'), once(local, 'close')]);
      listenOn();
    }
    local.end();
  } finally {
    remote.close();
    silence?.cancel();
    local.destroySoon();
    await sending;
    silence?.cancel();
  }
}

async function send(local: Socket, remote: ForwardedConnection): Promise<void> {
  for await (const chunk of local.iterator({ destroyOnReturn: false })) await remote.send(Buffer.from(chunk));
}
