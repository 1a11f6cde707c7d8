// One live connection to the server, made again whenever it is lost.
import { closeCode, type Request, type ServerFrame, type Welcome } from './protocol.ts';
import { retryAfter, retryDelay } from './backoff.ts';
import { RequestError } from './request-error.ts';

/** The part of a WebSocket that is used here: a browser's, Node's own, and the one of the package `ws` all have it. */
export interface Socket {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onmessage: ((event: any) => void) | null; // an event with `data`
  onclose: ((event: any) => void) | null; // an event with `code` and `reason`
  onerror: ((event: any) => void) | null;
}

/** What setTimeout gives, in browsers and in Node alike. */
export type Timer = ReturnType<typeof setTimeout> | undefined;

export type ConnectionState =
  | { phase: 'connecting' }
  | { phase: 'online'; welcome: Welcome }
  | { phase: 'waiting'; seconds: number; code: number } // of the close that it was lost with: 1006 where there was none
  | { phase: 'refused'; code: number; reason: string } // trying again would change nothing
  | { phase: 'stopped' };

export interface ConnectionOptions {
  /** The address, with `user` as the name where the server has given one. */
  url(user: string | undefined): string;
  protocols?(): string[];
  onState(state: ConnectionState): void;
  onFrame(frame: ServerFrame): void;
  /** Makes a socket; without it, the global WebSocket does. */
  open?(url: string, protocols: string[]): Socket;
  /** From 0 to 1, as Math.random. */
  random?(): number;
}

/** Called with the reply to a request; with undefined where the connection was lost before it came. */
export type OnReply = (reply: ServerFrame | undefined) => void;

const steadyAfter = 10_000; // ms online, after which an old failure is forgotten
const silenceBeforePing = 25_000; // ms; a browser cannot see the server's own pings
const patience = 10_000; // ms to wait for a welcome or a pong

export class Connection {
  state: ConnectionState = { phase: 'stopped' };
  private socket: Socket | undefined;
  private user: string | undefined;
  private attempt = 0;
  private crowd = 0; // seconds that a draining server asked for, until another one is found
  private refs = 0;
  private replies = new Map<string, OnReply>();
  private lastError = '';
  private retryTimer: Timer;
  private quietTimer: Timer;
  private steadyTimer: Timer;
  private readonly open: (url: string, protocols: string[]) => Socket;

  /** Throws where there is no WebSocket to connect with. */
  constructor(private readonly options: ConnectionOptions) {
    this.open = options.open ?? openHere();
  }

  /** Connects now, also where it was waiting to. */
  start(): void {
    if (this.socket) return;
    clearTimeout(this.retryTimer);
    this.lastError = '';
    this.enter({ phase: 'connecting' });
    try {
      this.socket = this.open(this.options.url(this.user), this.options.protocols?.() ?? []);
    } catch (error) { // no address, or one that this page may not use
      this.enter({ phase: 'refused', code: 0, reason: error instanceof Error ? error.message : String(error) });
      return;
    }
    this.socket.onmessage = (event: { data: unknown }) => this.receive(String(event.data));
    this.socket.onclose = (event: { code: number; reason: string }) => this.lost(event.code, event.reason);
    this.socket.onerror = () => {}; // a close follows; without a listener it would end a Node process
    this.expectSomething(patience);
  }

  stop(): void {
    this.drop();
    clearTimeout(this.retryTimer);
    this.enter({ phase: 'stopped' });
  }

  /** Skips the rest of a wait: the network is back, or somebody looks at the page. */
  wake(): void {
    if (this.state.phase === 'waiting') this.start();
    else if (this.state.phase === 'online') this.probe();
  }

  /** Sends a request, and says whether there was a connection to send it on. */
  request(request: Request, onReply?: OnReply): boolean {
    if (!this.socket || this.state.phase !== 'online') return false;
    let ref: string | undefined;
    if (onReply) {
      ref = `r${++this.refs}`;
      this.replies.set(ref, onReply);
    }
    this.socket.send(JSON.stringify(ref ? { ...request, ref } : request));
    return true;
  }

  /** Sends a request that has a reply, and gives that. Rejects with a RequestError where there is none, or it is an error. */
  ask(request: Request): Promise<ServerFrame> {
    return new Promise((resolve, reject) => {
      const sent = this.request(request, (reply) => {
        if (reply === undefined) reject(new RequestError('disconnected', 'the connection was lost before the answer came'));
        else if (reply.type === 'error') reject(RequestError.of(reply));
        else resolve(reply);
      });
      if (!sent) reject(new RequestError('disconnected', 'there is no connection'));
    });
  }

  private receive(text: string): void {
    this.expectSomething(silenceBeforePing);
    const frame = parse(text);
    if (!frame) return this.lost(closeCode.protocol, 'what came is not JSON'); // something else is between us and the server
    if (frame.type === 'welcome') this.welcomed(frame);
    if (frame.type === 'error') this.lastError = frame.reason;
    const reply = frame.ref === undefined ? undefined : this.replies.get(frame.ref);
    if (frame.ref !== undefined) this.replies.delete(frame.ref);
    if (reply) reply(frame);
    else this.options.onFrame(frame);
  }

  private welcomed(welcome: Welcome): void {
    this.user = welcome.user;
    this.crowd = 0;
    this.steadyTimer = setTimeout(() => (this.attempt = 0), steadyAfter);
    this.enter({ phase: 'online', welcome });
  }

  private lost(code: number, reason: string): void {
    const wasOnline = this.state.phase === 'online';
    this.drop();
    if (isRefusal(code, wasOnline)) {
      this.enter({ phase: 'refused', code, reason: this.lastError || reason });
      return;
    }
    const asked = retryAfter(code, reason);
    const seconds = retryDelay(this.attempt++, asked, this.options.random ?? Math.random, this.crowd);
    if (code === closeCode.draining) this.crowd = asked ?? 0;
    this.enter({ phase: 'waiting', seconds, code });
    this.retryTimer = setTimeout(() => this.start(), seconds * 1000);
  }

  /** Forgets the socket at once: a dead network would keep its close waiting for minutes. */
  private drop(): void {
    clearTimeout(this.quietTimer);
    clearTimeout(this.steadyTimer);
    const socket = this.socket;
    this.socket = undefined;
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.close();
    }
    const unanswered = [...this.replies.values()];
    this.replies.clear();
    for (const onReply of unanswered) onReply(undefined);
  }

  /** Asks for a sign of life where nothing has come for so many milliseconds, and gives the socket up where none comes. */
  private expectSomething(milliseconds: number): void {
    clearTimeout(this.quietTimer);
    this.quietTimer = setTimeout(() => this.probe(), milliseconds);
  }

  private probe(): void {
    clearTimeout(this.quietTimer);
    if (!this.request({ type: 'ping' })) {
      this.lost(1006, ''); // no welcome came
      return;
    }
    this.quietTimer = setTimeout(() => this.lost(1006, ''), patience);
  }

  private enter(state: ConnectionState): void {
    this.state = state;
    this.options.onState(state);
  }
}

function parse(text: string): (ServerFrame & { ref?: string }) | undefined {
  try {
    return JSON.parse(text) as ServerFrame;
  } catch {
    return undefined;
  }
}

function openHere(): (url: string, protocols: string[]) => Socket {
  if (typeof WebSocket !== 'undefined') return (url, protocols) => new WebSocket(url, protocols);
  throw new Error(
    'there is no WebSocket here (Node has one from version 22 on): install the package ws, and give the client '
    + "`open: (url, protocols) => new WebSocket(url, protocols)` with its WebSocket",
  );
}

function isRefusal(code: number, wasOnline: boolean): boolean {
  if (code === closeCode.unauthorized || code === closeCode.forbidden) return true;
  return code === closeCode.policy && !wasOnline; // a bad name; once online it is only "slow down"
}
