// Whether the list of who is here stands beside the log.
import { batch, computed, signal } from '@preact/signals';

const room = matchMedia('(min-width: 87.5rem)'); // as in status.css

export const peopleShown = signal(room.matches);
const isBeside = signal(room.matches);

/** Whether the list lies over the log. */
export const peopleOver = computed(() => peopleShown.value && !isBeside.value);

/** Hides the list where it lies over the log, and reports whether it did. */
export function hidePeopleOver(): boolean {
  if (!peopleOver.peek()) return false;
  peopleShown.value = false;
  return true;
}

room.addEventListener('change', () => batch(() => (isBeside.value = peopleShown.value = room.matches)));
