// The open conversation: its head, its log, who is typing, and the place to write.
import { h } from 'preact';
import './conversation.css';
import { Composer } from '../composer/composer.tsx';
import { Head } from '../head/head.tsx';
import { peopleShown } from '../head/people-shown.ts';
import { watch } from '../state.ts';
import { PeopleList } from '../status/people.tsx';
import { strings } from '../strings.ts';
import { Announcer } from './announcer.tsx';
import { Log } from './log.tsx';

export function ConversationView({ id }: { id: string }) {
  const { people, problem, passing, joined } = watch(id);
  return (
    <section
      class="conversation"
      data-people={peopleShown.value ? 'shown' : 'hidden'}
      data-joined={joined}
      data-testid="conversation"
      aria-label={id}
    >
      <Head id={id} />
      {problem && !passing && (
        <p class="conversation-problem problem" role="alert" dir="auto">
          {problem}
        </p>
      )}
      <div class="conversation-body">
        <div class="conversation-column">
          <Log id={id} />
          <Announcer id={id} />
          <p class="typing" role="status" data-testid="typing" dir="auto">
            {strings.typing(people.whoTypes)}
          </p>
          <Composer id={id} />
        </div>
        <PeopleList id={id} />
      </div>
    </section>
  );
}
