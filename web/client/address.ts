// Where the server's WebSocket is.

/**
 * An address as a WebSocket takes it: one without a host is taken from the page's own, as the browser takes links, and
 * http is as good as ws. Without any it is `ws` beside the page. Throws where there is no page to go from, or no sense
 * in it.
 */
export function socketAddress(given = 'ws', page = pageAddress()): URL {
  let url: URL;
  try {
    url = new URL(given, page);
  } catch {
    throw new Error(
      `${given} is no whole url, and there is no page around it: give the client the whole url, as wss://chat.example/ws`,
    );
  }
  url.protocol = url.protocol.replace(/^http/, 'ws');
  return url;
}

function pageAddress(): string | undefined {
  return globalThis.document?.baseURI ?? globalThis.location?.href; // a worker has no document
}
