// Which dialog lies over the page, if any. One at a time.
import { signal } from '@preact/signals';

export type DialogName = 'help' | 'settings' | 'export';

export const openDialog = signal<DialogName | undefined>(undefined);
