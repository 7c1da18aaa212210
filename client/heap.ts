/** A binary heap: `pop` returns the item that comes before all others. */
export interface Heap<T> {
  readonly size: number;
  push(item: T): void;
  peek(): T | undefined;
  pop(): T | undefined;
}

/** `before` must be a strict order; make it total (with a counter) where equal items must keep their order. */
export function createHeap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = [];

  const rise = (item: T, from: number): void => {
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = items[above];
      if (parent === undefined || !before(item, parent)) break;
      items[at] = parent;
      at = above;
    }
    items[at] = item;
  };

  const sink = (item: T): void => {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const leftItem = items[left];
      if (leftItem === undefined) break;
      const rightItem = items[left + 1];
      const useRight = rightItem !== undefined && before(rightItem, leftItem);
      const child = useRight ? rightItem : leftItem;
      if (!before(child, item)) break;
      items[at] = child;
      at = useRight ? left + 1 : left;
    }
    items[at] = item;
  };

  return {
    get size() {
      return items.length;
    },
    push: (item) => rise(item, items.length),
    peek: () => items[0],
    pop() {
      const first = items[0];
      const last = items.pop();
      if (last !== undefined && items.length > 0) sink(last);
      return first;
    },
  };
}
