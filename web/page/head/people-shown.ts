// Whether the list of who is here stands beside the log.
import { signal } from '@preact/signals';

const room = matchMedia('(min-width: 68rem)'); // as in status.css

export const peopleShown = signal(room.matches);

/** Hides the list where it lies over the log, and says whether it did. */
export function hidePeopleOver(): boolean {
  if (room.matches || !peopleShown.peek()) return false;
  peopleShown.value = false;
  return true;
}

room.addEventListener('change', () => (peopleShown.value = room.matches));
