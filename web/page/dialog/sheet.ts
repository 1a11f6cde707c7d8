// Which sheet lies over the page, if any. One at a time.
import { signal } from '@preact/signals';

export type Sheet = 'help' | 'settings' | 'export';

export const sheet = signal<Sheet | undefined>(undefined);
