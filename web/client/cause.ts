// Why there is no WebSocket, as far as a socket tells it. A browser tells nothing, so that no page learns what stands
// in a network; Node's own and the package `ws` have an error, and `ws` the HTTP status that came in place of a
// WebSocket.

/** What a socket told of itself. */
export interface Told {
  status?: number;
  error?: Error;
}

/** What an error event of a socket says. */
export function toldBy(event: unknown): Told {
  const { error, message } = (event ?? {}) as { error?: unknown; message?: unknown };
  const told =
    error instanceof Error ? error : typeof message === 'string' && message !== '' ? new Error(message) : undefined;
  if (!told) return {};
  const status = /^Unexpected server response: (\d{3})$/.exec(told.message)?.[1];
  return { error: told, ...(status !== undefined && { status: Number(status) }) };
}

/** What is known, for a person, where no close said more. */
export function inWords(opened: boolean, { status, error }: Told): string {
  if (status === 403)
    return 'the server refuses this origin or host (HTTP 403): start it with --origin, or --host, for this one';
  if (status === 404)
    return 'no WebSocket at this address (HTTP 404): the path is /ws, below that of a proxy in front';
  if (status === 426) return 'something in front does not let WebSockets through (HTTP 426)';
  if (status === 503)
    return 'no connection is taken just now (HTTP 503): the server drains or is full, or a proxy does not reach it';
  if (status !== undefined)
    return `HTTP ${status} came in place of a WebSocket: something else answers at this address, or stands in between`;
  if (error) return wordsOf(error);
  if (opened) return 'the connection was lost';
  return 'no WebSocket opened, and a browser does not tell why: does the server take this origin (--origin), and is it there?';
}

/** An error of several addresses of one name has its words in its parts. */
function wordsOf(error: Error & { code?: unknown; errors?: unknown; cause?: unknown }): string {
  const parts = Array.isArray(error.errors) ? (error.errors as unknown[]) : [error.cause];
  const inner = parts.find((part): part is Error => part instanceof Error);
  return (
    [error.message, inner && wordsOf(inner), error.code].find(
      (word): word is string => typeof word === 'string' && word !== '',
    ) ?? error.name
  );
}
