// What was written and not sent, and what that answers to, for each conversation: kept over reloads, and shown in the
// list.
import { signal } from '@preact/signals';
import type { Seq } from '@verbatim/client';
import { keyOf } from './root.ts';
import { lasting } from './storage.ts';

/** The message that a draft answers to: what of it is shown above the composer, and the log that its seq is of. */
export interface Reply {
  log?: string | undefined;
  seq: Seq;
  author: string;
  text: string;
}

/** One thing for each conversation of a user, in the browser's storage. */
class Kept<T> {
  /** By conversation, those that are there. Read by whoever shows them. */
  readonly all = signal<ReadonlyMap<string, T>>(new Map());
  private prefix = '';

  constructor(
    private readonly name: string,
    private readonly format: (value: T) => string,
    private readonly parse: (text: string) => T | undefined,
  ) {}

  load(user: string): void {
    this.prefix = keyOf(`${this.name}/${encodeURIComponent(user)}/`);
    this.read();
  }

  keep(id: string, value: T | undefined): void {
    if (value === undefined && !this.all.peek().has(id)) return;
    const others = new Map(this.all.peek());
    if (value === undefined) others.delete(id);
    else others.set(id, value);
    this.all.value = others;
    if (value === undefined) lasting.removeItem(this.prefix + id);
    else lasting.setItem(this.prefix + id, this.format(value));
  }

  /** Another tab has changed what stands under a key; null: under any of them. */
  changedElsewhere(key: string | null): void {
    if (this.prefix === '') return;
    if (key === null) return this.read();
    if (!key.startsWith(this.prefix)) return;
    const id = key.slice(this.prefix.length);
    const value = this.valueOf(id);
    const others = [...this.all.peek()].filter(([other]) => other !== id);
    this.all.value = new Map(value === undefined ? others : [...others, [id, value]]);
  }

  private read(): void {
    const ids = lasting
      .keys()
      .filter((key) => key.startsWith(this.prefix))
      .map((key) => key.slice(this.prefix.length));
    const found = ids.map((id) => [id, this.valueOf(id)] as const);
    this.all.value = new Map(found.filter((each): each is readonly [string, T] => each[1] !== undefined));
  }

  private valueOf(id: string): T | undefined {
    const text = lasting.getItem(this.prefix + id);
    return text === null ? undefined : this.parse(text);
  }
}

const texts = new Kept<string>(
  'draft',
  (text) => text,
  (text) => text,
);
const answers = new Kept<Reply>('answer', JSON.stringify, parseReply);

export const drafts = texts.all;

/** Takes up what a user had written. */
export function loadDrafts(user: string): void {
  texts.load(user);
  answers.load(user);
}

/** There is one draft for all tabs: what another one has written, or sent, is so here too. */
export function draftsChangedElsewhere(key: string | null): void {
  texts.changedElsewhere(key);
  answers.changedElsewhere(key);
}

export const draftOf = (id: string): string => drafts.peek().get(id) ?? '';

export const keepDraft = (id: string, text: string): void => texts.keep(id, text === '' ? undefined : text);

export const replyOf = (id: string): Reply | undefined => answers.all.value.get(id);

export const keepReply = (id: string, answered: Reply | undefined): void => answers.keep(id, answered);

function parseReply(text: string): Reply | undefined {
  try {
    const { log, seq, author, text: words } = JSON.parse(text);
    return Number.isInteger(seq) ? { log, seq, author: String(author), text: String(words) } : undefined;
  } catch {
    return undefined; // not ours
  }
}
