// For tests: a server at the other end of the page's sockets, which says what it is told to say.
import { vi } from 'vitest';

export type Frame = Record<string, unknown>;

/** A WebSocket of the page's. */
export class PageSocket {
  readonly sent: Frame[] = [];
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  constructor(readonly url: string) {
    sockets.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Frame);
  }

  close(): void {}

  hears(frame: Frame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  welcome(user: string, now = new Date().toISOString()): void {
    this.hears({ type: 'welcome', session: 's', user, version: '1', now, limits: { text: 16_384 } });
  }

  /** The conversations that were asked for. */
  joins(): string[] {
    return this.sent.filter(({ type }) => type === 'join').map(({ conversation }) => String(conversation));
  }
}

const sockets: PageSocket[] = [];

/** Stands in for the network; returns the sockets that the page has opened, the newest last. */
export function useSockets(): PageSocket[] {
  sockets.length = 0;
  vi.stubGlobal('WebSocket', PageSocket);
  vi.stubGlobal('fetch', () => Promise.reject(new Error('no network')));
  return sockets;
}
