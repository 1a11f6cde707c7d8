// The name that was chosen, in the form that the server knows it by. A tab keeps its own over a reload, and a new one
// has the newest.
import { signal } from '@preact/signals';
import { normalName } from '@verbatim/client';
import { keyOf } from './root.ts';
import { lasting, ofThisTab } from './storage.ts';

const key = keyOf('name');

/** Empty where none was chosen yet. */
export const name = signal(normalName(ofThisTab.getItem(key) ?? lasting.getItem(key) ?? ''));
if (name.value !== '') ofThisTab.setItem(key, name.value); // what another tab takes from now on is not this one's

export function keepName(chosen: string): void {
  lasting.setItem(key, chosen);
  ofThisTab.setItem(key, chosen);
  name.value = chosen;
}
