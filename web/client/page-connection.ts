// One live connection to the server, made again whenever it is lost.
import { retryAfter, retryDelay } from './backoff.ts';
import type { Told } from './cause.ts';
import { sentenceOf } from './error-sentence.ts';
import { badRequest, defaultLimits, frameProblem } from './limits.ts';
import type { Request, ServerFrame, Welcome } from './protocol.ts';
import { closeCode, type ErrorFrame, type Limits } from './protocol.ts';
import { RequestError } from './request-error.ts';

/** The part of a WebSocket that is used here: a browser's, Node's own, and the one of the package `ws` all have it. */
export interface Socket {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen?: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null; // an event with `data`
  onclose: ((event: any) => void) | null; // an event with `code` and `reason`
  onerror: ((event: any) => void) | null; // an event with `error` or `message`, but for browsers
}

/** What setTimeout gives, in browsers and in Node alike. */
export type Timer = ReturnType<typeof setTimeout> | undefined;

export type ConnectionState =
  | { phase: 'connecting' }
  | { phase: 'online'; welcome: Welcome }
  | Waiting
  | { phase: 'refused'; code: number; reason: string } // trying again would change nothing
  | { phase: 'stopped' };

/** There is no connection, and another one is tried in a while. */
export interface Waiting {
  phase: 'waiting';
  /** Until then. */
  seconds: number;
  /** The close code: the server's, or 1006 where nothing was told. */
  code: number;
  /** The close's reason, as the server gave it; else what is known, in words for a person. */
  reason: string;
  /** Whether there was a WebSocket at all. Where there was none, it is the address, the way there, or the origin. */
  opened: boolean;
  /**
   * The HTTP status that came in place of a WebSocket: 403 is a refused origin, 404 another path. Browsers do not tell
   * it.
   */
  status?: number;
  /** The socket's own error, such as ECONNREFUSED. Browsers do not tell it. */
  error?: Error;
}

export interface ConnectionOptions {
  /** The address, with `user` as the name where the server has given one. */
  url(user: string | undefined): string;
  protocols?(): string[];
  onState(state: ConnectionState): void;
  onFrame(frame: ServerFrame): void;
  /**
   * The connection is closed for a frame that is too large, though it was within the server's limits. Told before
   * anything else of it.
   */
  onTooBig?(): void;
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
const doubted = 2_000; // ms to wait for a pong where somebody says that the network is gone
export const neverTold = 1006; // the code where there was no close

/** As a browser has it: there is a WebSocket, and nobody tells why one was not to be had. */
export class PageConnection {
  state: ConnectionState = { phase: 'stopped' };
  /** The server's, as of the last welcome; the contract's own before the first. */
  limits: Limits = defaultLimits;
  protected socket: Socket | undefined;
  protected opened = false; // the socket was
  private told: Told = {}; // the socket's own error
  private user: string | undefined;
  private attempt = 0;
  private crowd = 0; // seconds that a draining server asked for, until another one is found
  private refs = 0;
  private replies = new Map<string, OnReply>();
  private epoch = 0; // counts starts and stops: who is told of something may do either
  private givesUpAt = Infinity; // ms of the clock, where an answer is due
  private lastError = ''; // before this attempt's welcome
  private retryTimer: Timer;
  private quietTimer: Timer;
  private steadyTimer: Timer;

  constructor(protected readonly options: ConnectionOptions) {}

  /** Connects now, also where it was waiting to. */
  start(): void {
    if (!this.socket && this.state.phase !== 'connecting') this.connect();
  }

  private connect(): void {
    const open = this.opener();
    const epoch = ++this.epoch;
    clearTimeout(this.retryTimer);
    this.lastError = '';
    this.opened = false;
    this.told = {};
    this.enter({ phase: 'connecting' });
    if (epoch !== this.epoch) return;
    try {
      const address = this.options.url(this.user);
      if (epoch === this.epoch) this.listen(open(address, this.options.protocols?.() ?? []));
    } catch (error) {
      // no address, or one that this page may not use
      if (epoch === this.epoch) this.enter({ phase: 'refused', code: 0, reason: sentenceOf(error) });
    }
  }

  private listen(socket: Socket): void {
    this.socket = socket;
    socket.onopen = () => (this.opened = true);
    socket.onmessage = (event: { data: unknown }) => this.receive(String(event.data));
    socket.onclose = (event: { code: number; reason: string }) => this.lost(event.code, event.reason);
    socket.onerror = (event: unknown) => {
      // a close follows; without a listener it would end a Node process
      if (this.socket === socket) this.told = this.heardFrom(event);
    };
    this.expectSomething(patience);
  }

  stop(): void {
    const epoch = ++this.epoch;
    clearTimeout(this.retryTimer);
    this.drop();
    if (epoch === this.epoch) this.enter({ phase: 'stopped' });
  }

  /** Skips the rest of a wait: the network is back, or somebody looks at the page. */
  wake(): void {
    if (this.state.phase === 'waiting') this.start();
    else if (this.state.phase === 'online') this.probe();
  }

  /**
   * Connects again at once, where it connects at all: the network is another one now, and what there was may hang in
   * the old one.
   */
  again(): void {
    if (this.state.phase === 'stopped' || this.state.phase === 'refused') return;
    const { epoch } = this;
    this.drop();
    if (epoch === this.epoch) this.connect();
  }

  /**
   * The network is said to be gone. Resolves once the server has answered; without an answer soon, the connection is
   * given up.
   */
  doubt(): Promise<unknown> {
    if (this.state.phase === 'online') this.giveUpIn(doubted);
    return this.ask({ type: 'ping' });
  }

  /**
   * Sends a request, and reports whether there was a connection to send it on. One that the server would close the
   * connection for, or that is no JSON, is not sent: the error that is due comes from here.
   */
  request(request: Request, onReply?: OnReply): boolean {
    if (!this.socket || this.state.phase !== 'online') return false;
    const ref = onReply && `r${++this.refs}`;
    const frame = this.frameOf(ref === undefined ? request : { ...request, ref });
    if (typeof frame !== 'string') {
      if (onReply) onReply(frame);
      else this.options.onFrame(frame);
      return true;
    }
    if (onReply) this.replies.set(ref!, onReply);
    this.socket.send(frame);
    return true;
  }

  private frameOf(request: Request & { ref?: string }): string | ErrorFrame {
    const conversation = 'conversation' in request ? { conversation: request.conversation } : {};
    try {
      const frame = JSON.stringify(request);
      const problem = frameProblem(frame, this.limits.frame);
      return problem ? { type: 'error', ...problem, ...conversation } : frame;
    } catch (error) {
      return { type: 'error', ...badRequest(`the request is no JSON: ${sentenceOf(error)}`), ...conversation };
    }
  }

  /**
   * Sends a request that has a reply, and gives that. Rejects with a RequestError where there is none, or it is an
   * error.
   */
  ask(request: Request): Promise<ServerFrame> {
    return new Promise((resolve, reject) => {
      const sent = this.request(request, (reply) => {
        if (reply === undefined)
          reject(new RequestError('disconnected', 'the connection was lost before the answer came'));
        else if (reply.type === 'error') reject(RequestError.of(reply));
        else resolve(reply);
      });
      if (!sent) reject(new RequestError('disconnected', 'there is no connection'));
    });
  }

  private receive(text: string): void {
    this.opened = true;
    this.expectSomething(silenceBeforePing);
    const frame = parse(text);
    if (!frame) return this.lost(closeCode.protocol, 'what came is no JSON: something else answers at this address');
    if (frame.type === 'welcome') this.welcomed(frame);
    if (this.state.phase === 'stopped') return; // at the welcome
    if (frame.type === 'error' && this.state.phase === 'connecting') this.lastError = frame.reason;
    const reply = frame.ref === undefined ? undefined : this.replies.get(frame.ref);
    if (frame.ref !== undefined) this.replies.delete(frame.ref);
    if (reply) reply(frame);
    else this.options.onFrame(frame);
  }

  private welcomed(welcome: Welcome): void {
    this.user = welcome.user;
    this.lastError = '';
    this.limits = { ...defaultLimits, ...welcome.limits };
    this.crowd = 0;
    this.steadyTimer = setTimeout(() => (this.attempt = 0), steadyAfter);
    this.enter({ phase: 'online', welcome });
  }

  protected lost(code: number, reason: string): void {
    const wasOnline = this.state.phase === 'online';
    const { opened, told, epoch } = this;
    if (code === closeCode.tooBig) this.options.onTooBig?.();
    if (epoch === this.epoch) this.drop();
    if (epoch !== this.epoch) return;
    if (isRefusal(code, wasOnline)) {
      this.enter({ phase: 'refused', code, reason: this.lastError || reason });
      return;
    }
    const asked = retryAfter(code, reason);
    const seconds = retryDelay(this.attempt++, asked, this.options.random ?? Math.random, this.crowd);
    if (code === closeCode.draining) this.crowd = asked ?? 0;
    const why = reason || this.lastError || this.inWords(opened, told);
    this.retryTimer = setTimeout(() => this.start(), seconds * 1000);
    this.enter({ phase: 'waiting', seconds, code, reason: why, opened, ...told });
  }

  /** Forgets the socket at once: a dead network would keep its close waiting for minutes. */
  private drop(): void {
    clearTimeout(this.quietTimer);
    clearTimeout(this.steadyTimer);
    this.givesUpAt = Infinity;
    const socket = this.socket;
    this.socket = undefined;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    const unanswered = [...this.replies.values()];
    this.replies.clear();
    for (const onReply of unanswered) onReply(undefined);
  }

  /**
   * Asks for a sign of life where nothing has come for so many milliseconds, and gives the socket up where none comes.
   */
  private expectSomething(milliseconds: number): void {
    clearTimeout(this.quietTimer);
    this.givesUpAt = Infinity;
    this.quietTimer = setTimeout(() => this.probe(), milliseconds);
  }

  private probe(): void {
    if (this.state.phase !== 'online') {
      this.lost(neverTold, this.opened ? 'no welcome came: is this a Verbatim server?' : 'there was no answer');
      return;
    }
    this.giveUpIn(patience);
    this.request({ type: 'ping' });
  }

  /** Counts it as lost where nothing comes for so many milliseconds; who asks again does not put that off. */
  private giveUpIn(milliseconds: number): void {
    const at = Date.now() + milliseconds;
    if (at >= this.givesUpAt) return;
    this.givesUpAt = at;
    clearTimeout(this.quietTimer);
    const reason = 'the server did not answer: it, or the network, is gone';
    this.quietTimer = setTimeout(() => this.lost(neverTold, reason), milliseconds);
  }

  /** What makes a socket. */
  protected opener(): (url: string, protocols: string[]) => Socket {
    return this.options.open ?? ((url, protocols) => new WebSocket(url, protocols));
  }

  /** What an error event of a socket says. */
  protected heardFrom(_event: unknown): Told {
    return {};
  }

  /** What is known, for a person, where no close said more. */
  protected inWords(opened: boolean, _told: Told): string {
    if (opened) return 'the connection was lost';
    return (
      'no WebSocket opened, and a browser does not tell why: ' +
      'does the server take this origin (--allow-origin), and is it there?'
    );
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

function isRefusal(code: number, wasOnline: boolean): boolean {
  if (code === closeCode.unauthorized || code === closeCode.forbidden) return true;
  return code === closeCode.policy && !wasOnline; // a bad name; once online it is only "slow down"
}
