// The sheet that is open.
import { h } from 'preact';
import { useEffect } from 'preact/hooks';
import { loadParts, parts } from './load.ts';
import { sheet } from './sheet.ts';

export function Sheets() {
  const shown = sheet.value;
  const loaded = parts.value;
  useEffect(() => {
    if (shown !== undefined && loaded === undefined) void loadParts(() => (sheet.value = undefined));
  }, [shown, loaded]);
  if (loaded === undefined) return null;
  switch (shown) {
    case 'help': return <loaded.Help />;
    case 'settings': return <loaded.Settings />;
    case 'export': return <loaded.Export />;
    default: return null;
  }
}
