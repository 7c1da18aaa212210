import { type OpenLog, openNewest, openPrevious } from './files.ts';
import { parseLogLine } from './line.ts';
import { readBackwards } from './lines.ts';

export interface LogStart extends OpenLog {
  readonly offset: number;
}

/**
 * Where to begin so that the last `count` whole lines come out, through rotated files if need be. All of the log when
 * it has fewer. Undefined when there is no log file at all. The caller closes the handle.
 */
export async function findTail(path: string, count: number): Promise<LogStart | undefined> {
  let missing = count;
  for (let opened = await openNewest(path); opened; ) {
    const found = await findInFile(opened, missing);
    const start = { ...opened, offset: found.offset };
    if (found.complete) return start;
    missing = found.missing;
    const previous = await openPrevious(path, opened.inode);
    if (!previous) return start;
    await opened.handle.close();
    opened = previous;
  }
  return undefined;
}

/** A line that was cut by the runtime counts once: at its last part. */
async function findInFile(
  { handle }: OpenLog,
  count: number,
): Promise<{ offset: number; complete: boolean; missing: number }> {
  if (count <= 0) return { offset: (await handle.stat()).size, complete: true, missing: 0 };
  let missing = count;
  let start = 0;
  let seen = false;
  for await (const { line, offset } of readBackwards(handle)) {
    const parsed = parseLogLine(line);
    const ends = parsed !== undefined && (!parsed.partial || !seen);
    if (ends && missing === 0) return { offset: start, complete: true, missing: 0 };
    if (ends) missing -= 1;
    seen = true;
    start = offset;
  }
  return { offset: 0, complete: false, missing };
}
