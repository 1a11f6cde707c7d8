// Who has read up to one's own newest message.
import { chat, user, watch } from '../state.ts';
import { strings } from '../strings.ts';

const mostNamed = 3;

export function ReadBy({ id }: { id: string }) {
  const { timeline, people } = watch(id);
  const newest = timeline.messages.at(-1);
  if (newest?.from !== user.value || chat.unsettled(id).length > 0) return null;
  const readers = Object.keys(people.reads).filter((name) => name !== user.value && people.reads[name]! >= newest.seq).sort();
  if (readers.length === 0) return null;
  return <p class="read-by" aria-live="off" dir="auto" data-testid="read-by">{strings.state.readBy(readers.slice(0, mostNamed), readers.length)}</p>;
}
