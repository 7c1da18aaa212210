/**
 * What outlives the agent's process, but not the machine: until when contact holds, and which pods must not outlive that.
 * The watchdog reads it. Implementations: files on tmpfs (linux-book.ts), memory (here).
 */
export interface FenceBook {
  /** Milliseconds since the machine started, suspended time included; what deadlines are measured in. */
  uptimeMs(): number;
  /** What an earlier process of the same boot left. */
  load(): FenceRecord;
  /** Is on record when it returns. 0: contact is lost. */
  saveDeadline(deadlineMs: number): void;
  /** uid → cgroup below the root of the tree. Is on record when it returns. */
  savePods(pods: ReadonlyMap<string, string>): void;
}

export interface FenceRecord {
  readonly deadlineMs: number | undefined;
  readonly pods: ReadonlyMap<string, string>;
}

export interface MemoryBook extends FenceBook {
  readonly record: FenceRecord;
  /** As after a start of the machine. */
  clear(): void;
}

export function createMemoryBook(uptimeMs: () => number): MemoryBook {
  let record: FenceRecord = { deadlineMs: undefined, pods: new Map() };
  return {
    uptimeMs,
    load: () => record,
    get record() {
      return record;
    },
    saveDeadline(deadlineMs) {
      record = { ...record, deadlineMs };
    },
    savePods(pods) {
      record = { ...record, pods: new Map(pods) };
    },
    clear() {
      record = { deadlineMs: undefined, pods: new Map() };
    },
  };
}
