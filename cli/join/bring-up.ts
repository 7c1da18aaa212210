import { isDeepStrictEqual } from 'node:util';
import { prepareFolders, stopProcesses } from '#host/cluster.ts';
import type { HostLayout } from '#host/layout.ts';
import { type JoinedSettings, loadSettings } from '#host/settings.ts';
import { applySysctls } from '#host/sysctl.ts';
import type { CliContext } from '../command.ts';
import type { Progress } from '../progress.ts';
import { importLocalImages } from '../up/local-images.ts';
import { reportProcesses, startMachine } from '../up/machine-steps.ts';

/** Starts a joined machine whose certificates are there: kernel settings, containerd, images, agent. */
export async function bringUp(
  layout: HostLayout,
  settings: JoinedSettings,
  progress: Progress,
  context: CliContext,
): Promise<void> {
  // An agent that runs has read the former ones; containers do not notice its restart.
  const former = loadSettings(layout.settingsFile);
  if (former && !isDeepStrictEqual(former, settings)) await stopProcesses(layout, ['agent'], context.clock);
  prepareFolders(layout, settings);
  applySysctls(layout);
  const started = await startMachine(layout, settings, context);
  progress.doing('images', 'building and importing');
  const images = await importLocalImages(layout, context);
  await reportProcesses(layout, settings, started, progress, context);
  progress.done('images', images);
}
