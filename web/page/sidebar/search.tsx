// The field above the list: it finds a conversation, or starts one by its name.
import { useRef, useState } from 'preact/hooks';
import { strings } from '../strings.ts';
import { idFrom } from './listing.ts';

interface Props {
  typed: string;
  /** What Enter opens, for a text that may be newer than what is drawn. */
  choose(text: string): string | undefined;
  onType(text: string): void;
  onGo(id: string): void;
  /** Down, into the list. */
  onDown(): void;
}

export function Search({ typed, choose, onType, onGo, onDown }: Props) {
  const [problem, setProblem] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const type = (text: string) => {
    setProblem('');
    onType(text);
  };
  const empty = () => {
    field.current!.value = ''; // a quick hand is ahead of what is drawn
    type('');
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const text = field.current!.value;
    if (text.trim() === '') return;
    const chosen = choose(text);
    if (chosen === undefined) setProblem(strings.sidebar.invalid(text.trim(), idFrom(text)));
    else {
      empty();
      onGo(chosen);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.isComposing) return;
    if (event.key === 'ArrowDown') onDown();
    else if (event.key === 'Escape' && field.current!.value !== '') {
      event.stopPropagation(); // the first one empties the field, the next one leaves it
      empty();
    } else return;
    event.preventDefault();
  };
  return (
    <form class="search" role="search" onSubmit={submit} noValidate>
      <label class="visually-hidden" for="search">{strings.sidebar.search}</label>
      <svg class="search-sign" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true"><path fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" d="M16 16l4.5 4.5M18 11a7 7 0 1 1-14 0 7 7 0 0 1 14 0z" /></svg>
      <input
        id="search" ref={field} type="text" autocomplete="off" autocapitalize="none" spellcheck={false} enterkeyhint="go" value={typed} placeholder={strings.sidebar.searchPlaceholder}
        aria-invalid={problem !== ''} aria-describedby={problem ? 'search-problem' : undefined} aria-keyshortcuts="Control+K"
        onInput={(event) => type(event.currentTarget.value)} onKeyDown={onKeyDown}
      />
      {problem && <p id="search-problem" class="problem" role="alert" dir="auto">{problem}</p>}
    </form>
  );
}
