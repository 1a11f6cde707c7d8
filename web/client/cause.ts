// Why there is no WebSocket, as far as a socket tells it. A browser tells nothing, so that no page learns what stands
// in a network; Node's own and the package `ws` have an error, and `ws` the HTTP status that came in place of a
// WebSocket.
import { sentenceOf } from './error-sentence.ts';

/** What a socket told of itself. */
export interface Told {
  status?: number;
  error?: Error;
}

/** What an HTTP status means that came in place of a WebSocket. */
const meanings: Record<number, string> = {
  403: 'the server refuses this origin or host: start it with --allow-origin or --allow-host for it',
  404: 'no WebSocket at this address: the path is /ws, below that of a proxy in front',
  426: 'something in front does not let WebSockets through',
  503: 'the server drains or is full, or a proxy does not reach it',
};

/** What an error event of a socket says. */
export function toldBy(event: unknown): Told {
  const { error, message } = (event ?? {}) as { error?: unknown; message?: unknown };
  if (!(error instanceof Error)) {
    return typeof message === 'string' && message !== '' ? toldBy({ error: new Error(message) }) : {};
  }
  const [, status] = /^Unexpected server response: (\d{3})$/.exec(error.message) ?? [];
  return { error, ...(status && { status: Number(status) }) };
}

/** What that means, for a person. */
export function meaningOf({ status, error }: Told): string | undefined {
  if (status) return `HTTP ${status}: ${meanings[status] ?? 'something else answers at this address'}`;
  return error && sentenceOf(error);
}
