// Short words that come and go: what the server refused, and what a person should know once.
import { signal } from '@preact/signals';
import { h } from 'preact';
import './status.css';
import { strings } from '../strings.ts';

interface Notice {
  key: number;
  text: string;
}

const shownFor = 8_000; // ms
const mostShown = 3;
const notices = signal<Notice[]>([]);
let keys = 0;

export function notify(text: string): void {
  const key = ++keys;
  notices.value = [...notices.value.filter((notice) => notice.text !== text), { key, text }].slice(-mostShown);
  setTimeout(() => dismiss(key), shownFor);
}

function dismiss(key: number): void {
  notices.value = notices.value.filter((notice) => notice.key !== key);
}

export function Notices() {
  return (
    <div class="notices" role="status" data-testid="notices">
      {notices.value.map(({ key, text }) => (
        <p class="notice" key={key}>
          <span dir="auto">{text}</span>
          <button class="icon-button" aria-label={strings.notice.dismiss} onClick={() => dismiss(key)}>
            ✕
          </button>
        </p>
      ))}
    </div>
  );
}
