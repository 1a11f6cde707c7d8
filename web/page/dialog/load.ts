// Loads what a person asks for with a press, all of it at the first one: the sheets, and what stands in the menu.
import { signal } from '@preact/signals';
import { notify } from '../status/notices.tsx';
import { strings } from '../strings.ts';

export const parts = signal<typeof import('./parts.ts') | undefined>(undefined);

/** Where they cannot be loaded, the page says so, and what was asked for is taken back. */
export async function loadParts(takeBack: () => void): Promise<void> {
  try {
    parts.value = await import('./parts.ts');
  } catch {
    takeBack();
    notify(strings.dialog.notLoaded);
  }
}
