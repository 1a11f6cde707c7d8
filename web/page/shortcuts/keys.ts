// Which keys do what. The help dialog is made of this table, and so is the listener.
export type Action =
  | 'search'
  | 'next'
  | 'previous'
  | 'nextUnread'
  | 'previousUnread'
  | 'back'
  | 'people'
  | 'help'
  | 'settings';

export interface Shortcut {
  action: Action;
  /** As the keys are named, alternatives side by side; a `+` joins those that are held together. */
  keys: string[];
}

export const shortcuts: Shortcut[] = [
  { action: 'search', keys: ['Ctrl+K', '/'] },
  { action: 'previous', keys: ['Alt+ArrowUp'] },
  { action: 'next', keys: ['Alt+ArrowDown'] },
  { action: 'previousUnread', keys: ['Alt+Shift+ArrowUp'] },
  { action: 'nextUnread', keys: ['Alt+Shift+ArrowDown'] },
  { action: 'back', keys: ['Escape'] },
  { action: 'people', keys: ['Ctrl+.'] },
  { action: 'settings', keys: ['Ctrl+,'] },
  { action: 'help', keys: ['Ctrl+/', '?'] },
];

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

/** What a key means. A plain letter or sign means nothing where somebody is writing. */
export function actionOf(event: Pressed, writing: boolean): Action | undefined {
  return shortcuts.find(({ keys }) => keys.some((key) => matches(event, key) && !(writing && isPlain(key))))?.action;
}

const isPlain = (key: string) => key.length === 1;

function matches(event: Pressed, keys: string): boolean {
  const held = keys.split('+');
  const key = held.pop()!;
  const command = event.ctrlKey || event.metaKey; // a Mac's own key counts as Ctrl
  if (event.key.toLowerCase() !== key.toLowerCase()) return false;
  if (isPlain(keys)) return !command && !event.altKey; // Shift is what some keyboards need for it
  return (
    command === held.includes('Ctrl') &&
    event.altKey === held.includes('Alt') &&
    event.shiftKey === held.includes('Shift')
  );
}
