// Above the composer: which message is being answered, and the way out of it.
import { strings } from '../strings.ts';
import { answering } from './answering.ts';
import { excerptOf } from './quote.tsx';

export function Answering({ id }: { id: string }) {
  const message = answering(id).value;
  if (!message) return null;
  const cancel = () => {
    answering(id).value = undefined;
    document.getElementById('message')?.focus();
  };
  return (
    <div class="answering" data-testid="answering">
      <p class="answering-what" dir="auto"><strong>{strings.message.answering(message.name ?? message.from)}</strong> {excerptOf(message)}</p>
      <button type="button" class="icon-button" aria-label={strings.message.cancelAnswer} title={strings.message.cancelAnswer} onClick={cancel}>✕</button>
    </div>
  );
}
