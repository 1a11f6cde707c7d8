// Who has read up to a message and no further.
import { h } from 'preact';
import { Avatar } from '../status/avatar.tsx';
import { strings } from '../strings.ts';

const maxDrawn = 5;
const maxNamed = 3;

export function ReadBy({ readers, room }: { readers: string[]; room: string }) {
  const words = strings.state.readBy(readers.slice(0, maxNamed), readers.length);
  return (
    <p class="read-by" title={readers.join(', ')} dir="auto">
      <span class="visually-hidden" data-testid="read-by">
        {words}
      </span>
      {readers.slice(0, maxDrawn).map((name) => (
        <Avatar key={name} name={name} room={room} />
      ))}
      {readers.length > maxDrawn && (
        <span class="read-by-more" aria-hidden="true">
          +{readers.length - maxDrawn}
        </span>
      )}
    </p>
  );
}
