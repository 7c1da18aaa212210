import type { ContainerStatus } from '../runtime/runtime.ts';
import type { PodHost } from './host.ts';
import { annotations } from './identity.ts';

/** Kubernetes' limits on what a container may leave in its status. */
const messageBytesMax = 4096;
const logLinesMax = 80;
const logBytesMax = 2048;

/** What an ended container wrote to its termination message file, or the end of its log where its policy says so. */
export async function lastWords(host: Pick<PodHost, 'readTail'>, container: ContainerStatus): Promise<string> {
  const path = container.annotations[annotations.terminationLog];
  const text = path ? await host.readTail(path, messageBytesMax) : '';
  const policy = container.annotations[annotations.terminationMessagePolicy];
  if (text !== '' || policy !== 'FallbackToLogsOnError' || container.exitCode === 0 || !container.logPath) return text;
  // Every line carries a time stamp and a stream name, so more is read than is kept.
  const log = await host.readTail(container.logPath, logBytesMax * 4);
  return tailOfLog(log);
}

/** The last lines without the runtime's `time stream tag ` in front of each. */
export function tailOfLog(log: string): string {
  const lines = log.split('\n').filter((line) => line !== '');
  const text = lines
    .slice(-logLinesMax)
    .map((line) => {
      const [, tag = 'F', message = line] = /^\S+ std(?:out|err) ([FP])\S* ?(.*)$/.exec(line) ?? [];
      return tag === 'P' ? message : `${message}\n`;
    })
    .join('');
  return Buffer.from(text, 'utf8').subarray(-logBytesMax).toString('utf8');
}
