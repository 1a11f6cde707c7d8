// How often one has sent something to a conversation from this page.
import { type Signal, signal } from '@preact/signals';

const counts = new Map<string, Signal<number>>();

export function sendsOf(id: string): Signal<number> {
  let count = counts.get(id);
  if (!count) counts.set(id, (count = signal(0)));
  return count;
}
