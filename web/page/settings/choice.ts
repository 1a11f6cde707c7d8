// What somebody has chosen of a few, for all conversations: kept in this browser.
import { type Signal, signal } from '@preact/signals';
import { lasting } from '../storage.ts';

interface Kept<T> {
  /** Nothing where nobody has chosen. */
  chosen: Signal<T | undefined>;
  choose(one: T): void;
}

export function choiceOf<T extends string>(key: string, all: readonly T[]): Kept<T> {
  const chosen = signal(all.find((each) => each === lasting.getItem(key)));
  const choose = (one: T) => {
    chosen.value = one;
    lasting.setItem(key, one);
  };
  return { chosen, choose };
}
