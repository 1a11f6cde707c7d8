// The dialog that is open.
import { signal } from '@preact/signals';
import { h } from 'preact';
import { useEffect } from 'preact/hooks';
import { notify } from '../status/notice.ts';
import { strings } from '../strings.ts';
import { openDialog } from './open-dialog.ts';

const parts = signal<typeof import('./parts.ts') | undefined>(undefined);

export function Dialogs() {
  const shown = openDialog.value;
  const loaded = parts.value;
  useEffect(() => {
    if (shown !== undefined && loaded === undefined) void load();
  }, [shown, loaded]);
  if (loaded === undefined) return null;
  switch (shown) {
    case 'help':
      return <loaded.Help />;
    case 'settings':
      return <loaded.Settings />;
    case 'export':
      return <loaded.Export />;
    default:
      return null;
  }
}

async function load(): Promise<void> {
  try {
    parts.value = await import('./parts.ts');
  } catch {
    openDialog.value = undefined;
    notify(strings.dialog.notLoaded);
  }
}
