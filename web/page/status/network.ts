// What the browser says of the network. It knows at once when there is none, and the connection finds out much later; but it
// may be wrong, for a server on this machine needs no network. So its word counts until the server has answered.
import { signal } from '@preact/signals';

/** Whether there is no network, as far as is known. */
export const offline = signal(false);

interface Connected {
  /** Connects again at once. */
  again(): void;
  /** Resolves with the answer, where there is one; else rejects. The connection is given up soon where none comes. */
  doubt(): Promise<unknown>;
}

/** Listens from now on. */
export function watchNetwork(connection: () => Connected): void {
  addEventListener('online', () => {
    if (offline.value) connection().again();
    offline.value = false;
  });
  addEventListener('offline', () => lost());
  if (!navigator.onLine) lost();

  function lost(): void {
    offline.value = true;
    connection().doubt().then(() => (offline.value = false), () => {}); // it stays so until the browser says otherwise, or a server answers
  }
}
