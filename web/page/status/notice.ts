// Short words that come and go: what the server refused, and what a person should know once.
import { signal } from '@preact/signals';

interface Notice {
  key: number;
  text: string;
}

const shownFor = 8_000; // ms
const maxShown = 3;
let keys = 0;

/** What is shown now, the oldest first. */
export const notices = signal<Notice[]>([]);

/** Shows a text for some seconds. A text that is shown already is shown once, and last. */
export function notify(text: string): void {
  const key = ++keys;
  notices.value = [...notices.value.filter((notice) => notice.text !== text), { key, text }].slice(-maxShown);
  setTimeout(() => dismiss(key), shownFor);
}

export function dismiss(key: number): void {
  notices.value = notices.value.filter((notice) => notice.key !== key);
}
