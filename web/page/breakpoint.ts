// Whether there is room for the list or the conversation alone.
import { signal } from '@preact/signals';

const room = matchMedia('(max-width: 46rem)'); // as in app.css

export const narrow = signal(room.matches);

room.addEventListener('change', () => (narrow.value = room.matches));
