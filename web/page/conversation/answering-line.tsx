// Above the composer: which message is being answered, and the way out of it.
import { h } from 'preact';
import { strings } from '../strings.ts';
import { answering, giveUpAnswer } from './answering.ts';

export function Answering({ id }: { id: string }) {
  const answered = answering(id);
  if (!answered) return null;
  return (
    <div class="answering" data-testid="answering">
      <p class="answering-what" dir="auto">
        <strong>{strings.message.answering(answered.author)}</strong> {answered.text}
      </p>
      <button
        type="button"
        class="icon-button"
        aria-label={strings.message.cancelAnswer}
        title={strings.message.cancelAnswer}
        aria-keyshortcuts="Escape"
        onClick={() => giveUpAnswer(id)}
      >
        ✕
      </button>
    </div>
  );
}
