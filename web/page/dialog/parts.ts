// The dialogs, in a file of their own that is loaded when the first of them is asked for: the page can be chatted in
// without.
export { Export } from '../export/export.tsx';
export { Settings } from '../settings/settings.tsx';
export { Help } from '../shortcuts/help.tsx';
