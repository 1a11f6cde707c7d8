// Choosing a name: the first thing that a new visitor sees.
import { h } from 'preact';
import { useState } from 'preact/hooks';
import './welcome.css';
import { nameProblem, normalName } from '@verbatim/client';
import icon from '../icon.svg';
import { enter, name, nameRefused } from '../state.ts';
import { nameProblems, strings } from '../strings.ts';

export function Welcome() {
  const [problem, setProblem] = useState(nameRefused.value);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const chosen = String(form.get('name'));
    const wrong = nameProblem(chosen);
    if (wrong) setProblem(nameProblems[wrong]);
    else enter(normalName(chosen), form.get('same') === 'on');
  };
  return (
    <main class="welcome">
      <form class="welcome-card" onSubmit={submit} noValidate>
        <img src={icon} alt="" width="56" height="56" />
        <h1 class="wordmark">{strings.product}</h1>
        <p class="slogan">{strings.slogan}</p>
        <label for="name">{strings.welcome.label}</label>
        <input
          id="name"
          name="name"
          type="text"
          autocomplete="nickname"
          spellcheck={false}
          dir="auto"
          autofocus
          placeholder={strings.welcome.placeholder}
          defaultValue={name.value}
          aria-describedby="name-hint"
          aria-invalid={problem !== ''}
          onInput={() => setProblem('')}
        />
        <p id="name-hint" class={problem ? 'problem' : 'hint'} role={problem ? 'alert' : undefined}>
          {problem || strings.welcome.hint}
        </p>
        {name.value !== '' && (
          <label class="same">
            <input type="checkbox" name="same" defaultChecked />
            <span>{strings.welcome.same(name.value)}</span>
          </label>
        )}
        <button class="button primary" type="submit">
          {strings.welcome.submit}
        </button>
      </form>
    </main>
  );
}
