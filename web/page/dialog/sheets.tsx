// The sheet that is open.
import { Export } from '../export/export.tsx';
import { Settings } from '../settings/settings.tsx';
import { Help } from '../shortcuts/help.tsx';
import { sheet } from './sheet.ts';

export function Sheets() {
  switch (sheet.value) {
    case 'help': return <Help />;
    case 'settings': return <Settings />;
    case 'export': return <Export />;
    default: return null;
  }
}
