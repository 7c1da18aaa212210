/** First in, first out, in constant time: an array's own shift moves everything that is left. */
export interface Fifo<T> {
  readonly size: number;
  push(item: T): void;
  shift(): T | undefined;
}

/** Consumed items are dropped from the array once there are this many, and at least as many as those left. */
const compactAt = 1024;

export function createFifo<T>(): Fifo<T> {
  let items: T[] = [];
  let head = 0;
  return {
    get size() {
      return items.length - head;
    },
    push: (item) => void items.push(item),
    shift() {
      if (head >= items.length) return undefined;
      const item = items[head++];
      if (head === items.length) {
        items = [];
        head = 0;
      } else if (head >= compactAt && head * 2 >= items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
  };
}
