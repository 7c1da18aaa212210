/** Once for all files of this layer: a Docker Engine for etcd, or the reason why etcd runs as a process. */

import { openEngine } from '../harness/engine/engine.ts';
import { writeEngineSettings } from '../harness/engine/settings.ts';
import { startEtcd } from '../harness/etcd.ts';
import { sweepEtcdFolders } from '../harness/etcd-folder.ts';

export async function setup(): Promise<(() => Promise<void>) | undefined> {
  await sweepEtcdFolders();
  let stop = async (): Promise<void> => {};
  try {
    const engine = await openEngine();
    stop = engine.stop;
    writeEngineSettings(engine.settings);
    // An engine may answer and still be of no use: on another machine, without host networking, out of space.
    await (await startEtcd()).stop();
    console.log(`etcd runs in containers, in ${engine.description}`);
    return stop;
  } catch (error) {
    await stop();
    writeEngineSettings(undefined);
    console.log(`etcd runs as a process: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}
