// Draws the notices, each with a button that takes it away.
import { h } from 'preact';
import './status.css';
import { strings } from '../strings.ts';
import { dismiss, notices } from './notice.ts';

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
