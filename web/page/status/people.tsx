// Who is in the open conversation: by name, or as a number where they are too many to name.
import { h } from 'preact';
import { peopleShown } from '../head/people-shown.ts';
import { user, watch } from '../state.ts';
import { strings } from '../strings.ts';
import { Avatar } from './avatar.tsx';

export function PeopleList({ id }: { id: string }) {
  const { online, count } = watch(id).people;
  const unnamed = count - online.length;
  return (
    <aside class="people" id="people" aria-label={strings.conversation.people}>
      <header class="people-head">
        <h2>{strings.conversation.people}</h2>
        <button
          class="icon-button"
          aria-label={strings.conversation.hidePeople}
          onClick={() => (peopleShown.value = false)}
        >
          ✕
        </button>
      </header>
      {online.length === 0 && count > 0 && <p>{strings.conversation.crowd(count)}</p>}
      <ul data-testid="people">
        {online.map((name) => (
          <li key={name} class="person">
            <Avatar name={name} room={id} />
            <span class="person-name" title={name}>
              <bdi>{name}</bdi>
            </span>
            {name === user.value && <span class="hint">{strings.conversation.you}</span>}
          </li>
        ))}
      </ul>
      {online.length > 0 && unnamed > 0 && <p class="hint">{strings.conversation.others(unnamed)}</p>}
    </aside>
  );
}
