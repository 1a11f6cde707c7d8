// The field above the list: it finds a conversation, and leads to the row that starts one.
import { h } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { Icon } from '../icon.tsx';
import { strings } from '../strings.ts';

export type Entered = 'opened' | 'invalid' | 'stays';

interface Props {
  typed: string;
  onType(text: string): void;
  /** Enter, on a text that may be newer than what is drawn: 'opened' is done with it, 'invalid' names nothing. */
  onEnter(text: string): Promise<Entered>;
  /** Down, into the list. */
  onDown(): void;
}

export function Search({ typed, onType, onEnter, onDown }: Props) {
  const [refused, setRefused] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  const type = (text: string) => {
    setRefused(undefined);
    onType(text);
  };
  const empty = () => {
    field.current!.value = ''; // a quick hand is ahead of what is drawn
    type('');
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    const text = field.current!.value;
    if (text.trim() === '') return;
    const entered = await onEnter(text);
    if (entered === 'opened') empty();
    if (entered === 'invalid') setRefused(text);
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
  const problem = refused !== undefined && refused === typed && strings.sidebar.invalid(refused.trim());
  return (
    <form class="search" role="search" onSubmit={submit} noValidate>
      <label class="visually-hidden" for="search">
        {strings.sidebar.search}
      </label>
      <Icon class="search-sign" size={18} line={2} d="M16 16l4.5 4.5M18 11a7 7 0 1 1-14 0 7 7 0 0 1 14 0z" />
      <input
        id="search"
        ref={field}
        type="text"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        enterkeyhint="go"
        value={typed}
        placeholder={strings.sidebar.searchPlaceholder}
        aria-invalid={problem !== false}
        aria-describedby={problem ? 'search-problem' : undefined}
        aria-keyshortcuts="Control+K"
        onInput={(event) => type(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {problem && (
        <p id="search-problem" class="problem" role="alert" dir="auto">
          {problem}
        </p>
      )}
    </form>
  );
}
