// What the browser says of the network. It knows at once when there is none, and the connection finds out much later;
// but it may be wrong, for a server on this machine needs no network. So its word counts until the server has answered.
import { signal } from '@preact/signals';

/** Whether there is no network, as far as is known. */
export const offline = signal(false);

interface Connected {
  /** Connects again at once. */
  again(): void;
  /** Connects now where it waits to, and else asks for a sign of life. */
  wake(): void;
  /** Resolves with the answer, where there is one; else rejects. The connection is given up soon where none comes. */
  doubt(): Promise<unknown>;
}

let turn = 0; // tells the newest doubt from those before it

/** Listens from now on. */
export function watchNetwork(connection: () => Connected): void {
  addEventListener('online', () => {
    turn++;
    if (offline.value) connection().again();
    else connection().wake();
    offline.value = false;
  });
  addEventListener('offline', () => doubt(connection()));
  if (!navigator.onLine) doubt(connection());
}

/** The server has said something. It may have been on its way when the network went: then the server is asked. */
export function answered(connection: Connected): void {
  if (offline.value) doubt(connection);
}

function doubt(connection: Connected): void {
  const mine = ++turn;
  offline.value = true;
  connection.doubt().then(
    () => {
      if (mine === turn) offline.value = false;
    },
    () => {},
  ); // it stays so until the browser says otherwise, or a server answers
}
