// The head of a conversation: the way back to the list, its name, who is here, and what can be done with all of it.
import { h } from 'preact';
import { Icon } from '../icon.tsx';
import { showList, watch } from '../state.ts';
import { strings } from '../strings.ts';
import './head.css';
import { Menu } from './menu.tsx';
import { peopleShown } from './people-shown.ts';

export function Head({ id }: { id: string }) {
  const { people } = watch(id);
  return (
    <header class="conversation-head">
      <Back />
      <h1 title={id}>
        <span class="hash" aria-hidden="true">
          #
        </span>
        {id}
      </h1>
      <button
        class="button quiet people-button"
        aria-expanded={peopleShown.value}
        aria-controls="people"
        data-testid="people-count"
        onClick={() => (peopleShown.value = !peopleShown.value)}
      >
        <span class="presence-dot" aria-hidden="true" />
        <span class="visually-hidden">{strings.conversation.people}: </span>
        {people.count > 0 && strings.conversation.peopleCount(people.count)}
      </button>
      <Menu id={id} />
    </header>
  );
}

/** To the list, where there is no room for both. */
export function Back() {
  return (
    <button class="icon-button back" aria-label={strings.sidebar.back} onClick={showList}>
      <Icon size={22} line={2.2} d="M14.5 5 8 12l6.5 7" />
    </button>
  );
}
