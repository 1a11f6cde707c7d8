// Why there is no connection, where nothing but that is known: a browser tells neither status nor reason of a WebSocket
// that it could not get. So the page asks the same address without one. By POST: with that a browser sends the page's
// Origin, as with a WebSocket, and the server looks at both in the same way.
import { signal } from '@preact/signals';

/** The code that a browser has for a WebSocket that it could not get, whatever the reason. */
export const neverOpened = 1006;

export type Obstacle =
  | { kind: 'upgrade' } // the server answers, and something in front of it does not let a WebSocket through
  | { kind: 'refused'; reason: string } // the server does not take this page
  | { kind: 'busy'; reason: string } // the server takes nobody just now
  | { kind: 'gateway'; status: number } // what stands in front does not reach the server
  | { kind: 'redirect' } // what stands in front sends us elsewhere, to sign in perhaps
  | { kind: 'other'; status: number }; // something else answers there

/** What stands in the way, as far as it is known. */
export const obstacle = signal<Obstacle | undefined>();

const patience = 10_000; // ms
let turn = 0; // tells the newest look from those before it
let withoutSocket = 0; // how often in a row the server answered, and there was no WebSocket

/** Looks what stands in the way, after a WebSocket was not to be had. */
export async function findObstacle(address: URL): Promise<void> {
  const mine = ++turn;
  const found = await look(address);
  if (mine !== turn) return;
  withoutSocket = found?.kind === 'upgrade' ? withoutSocket + 1 : 0;
  // Once may be chance: a server that has come up between the two questions.
  obstacle.value = found?.kind === 'upgrade' && withoutSocket < 2 ? undefined : found;
}

/** The way is free, or nobody goes there. */
export function noObstacle(): void {
  turn++;
  withoutSocket = 0;
  obstacle.value = undefined;
}

export async function look(address: URL, ask: typeof fetch = fetch): Promise<Obstacle | undefined> {
  try {
    const answer = await ask(address, {
      method: 'POST',
      redirect: 'manual',
      cache: 'no-store',
      signal: AbortSignal.timeout(patience),
    });
    return judge(answer.type === 'opaqueredirect' ? 302 : answer.status, await reasonIn(answer));
  } catch {
    return undefined; // nobody is there
  }
}

/** Weighs a status, and the reason where the server itself has answered. */
function judge(status: number, reason: string | undefined): Obstacle {
  if (status === 426) return { kind: 'upgrade' };
  if (reason !== undefined && status === 403) return { kind: 'refused', reason };
  if (reason !== undefined && (status === 503 || status === 429)) return { kind: 'busy', reason };
  if (status >= 502 && status <= 504) return { kind: 'gateway', status };
  if (status >= 300 && status < 400) return { kind: 'redirect' };
  return { kind: 'other', status };
}

/** The reason in an error of the server; nothing where somebody else has answered. */
async function reasonIn(answer: Response): Promise<string | undefined> {
  try {
    const { error } = (await answer.json()) as { error?: { code?: unknown; reason?: unknown } };
    return typeof error?.code === 'string' && typeof error.reason === 'string' ? error.reason : undefined;
  } catch {
    return undefined;
  }
}
