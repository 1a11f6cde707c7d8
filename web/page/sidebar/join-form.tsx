// Opening a conversation by its name; one that does not exist yet begins with its first message.
import { useState } from 'preact/hooks';
import { isConversationId } from '@verbatim/client';
import { open } from '../state.ts';
import { strings } from '../strings.ts';

export function JoinForm() {
  const [problem, setProblem] = useState('');
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const id = String(new FormData(form).get('conversation')).trim();
    if (id === '') return;
    if (!isConversationId(id)) return setProblem(strings.sidebar.invalid(id));
    form.reset();
    setProblem('');
    open(id);
  };
  return (
    <form class="join-form" onSubmit={submit} noValidate>
      <label class="visually-hidden" for="join">{strings.sidebar.joinLabel}</label>
      <input
        id="join" name="conversation" type="text" autocomplete="off" autocapitalize="none" spellcheck={false}
        placeholder={strings.sidebar.joinPlaceholder} aria-invalid={problem !== ''} onInput={() => setProblem('')}
        aria-describedby={problem ? 'join-problem' : undefined}
      />
      <button class="button" type="submit">{strings.sidebar.joinSubmit}</button>
      {problem && <p id="join-problem" class="problem" role="alert">{problem}</p>}
    </form>
  );
}
