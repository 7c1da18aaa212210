/** Elements that the kernel does not take: they must not keep all others out of the table. */
import { messageOf } from '#base/error-message.ts';
import type { Elements } from './element-text.ts';

export interface Refusals {
  readonly size: number;
  /** These, without those that were refused as they are now. */
  without(elements: Elements): Elements;
  /**
   * Adds them by halves, until it is known which ones are refused: these are left out. Rejects when there are too many of them
   * for the elements to be the reason.
   */
  addOneByOne(elements: Elements): Promise<void>;
  /** Tries those again that are still wanted so. */
  retry(wanted: Elements): Promise<void>;
}

export interface RefusalOptions {
  /** One transaction that adds all of these, or rejects and adds none. */
  readonly add: (elements: Elements) => Promise<void>;
  /** Told once of each. */
  readonly onRefused: (place: string, value: string, why: string) => void;
}

/** More than anybody's mistakes come to: then it is something else. */
const refusedMax = 64;

export function createRefusals({ add, onRefused }: RefusalOptions): Refusals {
  /** By place, with the value that was refused. */
  const refused = new Map<string, string>();

  const refuse = (place: string, value: string, error: unknown): void => {
    if (refused.get(place) === value) return;
    if (refused.size >= refusedMax) {
      refused.clear();
      throw error;
    }
    refused.set(place, value);
    onRefused(place, value, messageOf(error));
  };

  const addSome = async (elements: readonly (readonly [string, string])[]): Promise<void> => {
    const [first] = elements;
    if (!first) return;
    try {
      await add(new Map(elements));
      for (const [place] of elements) refused.delete(place);
    } catch (error) {
      if (elements.length === 1) return refuse(...first, error);
      const middle = Math.ceil(elements.length / 2);
      await addSome(elements.slice(0, middle));
      await addSome(elements.slice(middle));
    }
  };

  return {
    get size() {
      return refused.size;
    },
    without(elements) {
      if (refused.size === 0) return elements;
      return new Map([...elements].filter(([place, value]) => refused.get(place) !== value));
    },
    addOneByOne: (elements) => addSome([...elements]),
    async retry(wanted) {
      for (const [place, value] of [...refused]) {
        if (wanted.get(place) === value) await addSome([[place, value]]);
        else refused.delete(place);
      }
    },
  };
}
