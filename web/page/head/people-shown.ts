// Whether the list of who is here stands beside the log.
import { signal } from '@preact/signals';

const room = '(min-width: 68rem)'; // as in status.css

export const peopleShown = signal(matchMedia(room).matches);
