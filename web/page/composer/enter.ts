// What Enter does in the composer: it sends, but for who writes with a thumb, whose keyboard has no Shift+Enter. One
// may choose.
import { computed, signal } from '@preact/signals';
import { choiceOf } from '../settings/choice.ts';

export const enterKeys = ['send', 'line'] as const;
export type EnterKey = (typeof enterKeys)[number];

const { chosen, choose } = choiceOf('verbatim.enter', enterKeys);
const thumb = matchMedia('(pointer: coarse)');
const byThumb = signal(thumb.matches);

thumb.addEventListener('change', () => (byThumb.value = thumb.matches));

export const enterKey = computed<EnterKey>(() => chosen.value ?? (byThumb.value ? 'line' : 'send'));

export const chooseEnterKey = choose;

type Pressed = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey'>;

/** Whether a key sends what is written. Ctrl or Command with Enter always does. */
export function sends({ key: pressed, shiftKey, ctrlKey, metaKey }: Pressed, enter = enterKey.peek()): boolean {
  return pressed === 'Enter' && !shiftKey && (enter === 'send' || ctrlKey || metaKey);
}
