// Above the composer: which message is being answered, and the way out of it.
import { h } from 'preact';
import { strings } from '../strings.ts';
import { cancelReply, replying } from './replying.ts';

export function ReplyingLine({ id }: { id: string }) {
  const answered = replying(id);
  if (!answered) return null;
  return (
    <div class="replying" data-testid="replying">
      <p class="replying-what" dir="auto">
        <strong>{strings.message.replying(answered.author)}</strong> {answered.text}
      </p>
      <button
        type="button"
        class="icon-button"
        aria-label={strings.message.cancelReply}
        title={strings.message.cancelReply}
        aria-keyshortcuts="Escape"
        onClick={() => cancelReply(id)}
      >
        ✕
      </button>
    </div>
  );
}
