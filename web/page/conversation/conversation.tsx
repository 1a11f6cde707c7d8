// The open conversation: its head, its log, who is typing, and the place to write.
import { useState } from 'preact/hooks';
import './conversation.css';
import { Composer } from '../composer/composer.tsx';
import { sidebarOpen, watch } from '../state.ts';
import { PeopleList } from '../status/people.tsx';
import { strings } from '../strings.ts';
import { Announcer } from './announcer.tsx';
import { Log } from './log.tsx';

const roomForPeople = '(min-width: 68rem)'; // as in status.css

export function ConversationView({ id }: { id: string }) {
  const [peopleShown, showPeople] = useState(() => matchMedia(roomForPeople).matches);
  const { people, problem, joined } = watch(id);
  return (
    <section class="conversation" data-people={peopleShown ? 'shown' : 'hidden'} data-joined={joined} data-testid="conversation" aria-label={id}>
      <header class="conversation-head">
        <button class="icon-button menu" aria-label={strings.sidebar.open} onClick={() => (sidebarOpen.value = true)}>☰</button>
        <h1><span class="hash" aria-hidden="true">#</span>{id}</h1>
        <button
          class="button quiet people-button" aria-expanded={peopleShown} aria-controls="people"
          data-testid="people-count" onClick={() => showPeople(!peopleShown)}
        >
          <span class="presence-dot" aria-hidden="true" />
          <span class="visually-hidden">{strings.conversation.people}: </span>
          {people.count > 0 && strings.conversation.peopleCount(people.count)}
        </button>
      </header>
      {problem && <p class="conversation-problem problem" role="alert" dir="auto">{problem}</p>}
      <div class="conversation-body">
        <div class="conversation-column">
          <Log id={id} />
          <Announcer id={id} />
          <p class="typing" role="status" data-testid="typing" dir="auto">{strings.typing(people.whoTypes)}</p>
          <Composer id={id} />
        </div>
        <PeopleList id={id} />
      </div>
    </section>
  );
}
