// Who has read up to a message and no further.
import { h } from 'preact';
import { Avatar } from '../status/avatar.tsx';
import { strings } from '../strings.ts';

const mostDrawn = 5;
const mostNamed = 3;

export function ReadBy({ readers, room }: { readers: string[]; room: string }) {
  const words = strings.state.readBy(readers.slice(0, mostNamed), readers.length);
  return (
    <p class="read-by" title={readers.join(', ')} dir="auto">
      <span class="visually-hidden" data-testid="read-by">
        {words}
      </span>
      {readers.slice(0, mostDrawn).map((name) => (
        <Avatar key={name} name={name} room={room} />
      ))}
      {readers.length > mostDrawn && (
        <span class="read-by-more" aria-hidden="true">
          +{readers.length - mostDrawn}
        </span>
      )}
    </p>
  );
}
