// The real server, on a free port and a new data folder: started, killed, started again.
import { type ChildProcess, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeEach } from 'vitest';
import { WebSocket } from 'ws';

export const binary = process.env.VERBATIM_BINARY ?? new URL('../../bin/verbatim', import.meta.url).pathname;

const inFlight = 2_000; // sends of `fill` without an answer yet

export interface Recorded {
  seq: number;
  from: string;
  text: string;
  id?: string;
  target?: number;
}

export class Server {
  url = '';
  private process: ChildProcess | undefined;
  private fills = 0;
  private readonly data = mkdtempSync(join(tmpdir(), 'verbatim-web-'));

  /** `flags` are those of the next start. */
  constructor(public flags: string[] = []) {}

  /** Starts the server: on any free port the first time, on the same port and data ever after. */
  async start(): Promise<void> {
    const listen = this.url === '' ? '127.0.0.1:0' : new URL(this.url).host;
    const child = spawn(
      binary,
      ['serve', '--listen', listen, '--data-dir', this.data, '--send-rate', '0', ...this.flags],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.process = child;
    const log: string[] = [];
    createInterface(child.stderr!).on('line', (line) => log.push(line));
    for await (const line of createInterface(child.stdout!)) {
      const said = /^listening on (http:\S+)$/.exec(line);
      if (!said) continue;
      this.url = said[1]!;
      return;
    }
    throw new Error(`the server did not start:\n${log.join('\n')}`);
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Ends it in an orderly way: it drains first. */
  async drain(): Promise<void> {
    await this.end('SIGTERM');
  }

  /** Copies the data of a server that is not running; the function that it returns puts the copy back. */
  backUp(): () => void {
    const copy = mkdtempSync(join(tmpdir(), 'verbatim-web-'));
    cpSync(this.data, copy, { recursive: true });
    return () => {
      rmSync(this.data, { recursive: true });
      cpSync(copy, this.data, { recursive: true });
      rmSync(copy, { recursive: true });
    };
  }

  async remove(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.data, { recursive: true, force: true });
  }

  /** The whole transcript, as the server tells it over HTTP. */
  async transcript(conversation: string): Promise<Recorded[]> {
    const all: Recorded[] = [];
    for (;;) {
      const after = all.at(-1)?.seq ?? 0;
      const response = await fetch(`${this.url}/api/conversations/${conversation}/messages?after=${after}&limit=1000`);
      if (response.status === 404) return all;
      const page = (await response.json()) as { messages: Recorded[]; more: boolean };
      all.push(...page.messages);
      if (!page.more) return all;
    }
  }

  /** How far a user who is there has read, as the server tells others; undefined where it has no mark. */
  async readTo(conversation: string, user: string): Promise<number | undefined> {
    const socket = new WebSocket(`${this.url.replace('http', 'ws')}/ws?name=watcher&join=${conversation}`);
    try {
      for await (const [data] of on(socket, 'message')) {
        const frame = JSON.parse(String(data)) as { type: string; reads?: Record<string, number> };
        if (frame.type === 'joined') return frame.reads?.[user];
      }
      throw new Error('there was no joined');
    } finally {
      socket.close();
    }
  }

  /** Puts a message on the record, as a back end does. */
  async post(conversation: string, from: string, text: string, target?: number): Promise<void> {
    const response = await fetch(`${this.url}/api/conversations/${conversation}/messages`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ from, text, target }),
    });
    if (response.status !== 201) throw new Error(`post: ${response.status} ${await response.text()}`);
  }

  /**
   * Puts so many messages on the record, as fast as it takes them: `bob` says what `text` makes of each number from 1
   * on.
   */
  async fill(conversation: string, count: number, text = (n: number) => `message ${n}`): Promise<void> {
    const socket = new WebSocket(`${this.url.replace('http', 'ws')}/ws?name=bob`);
    const fill = ++this.fills;
    const sendNext = (n: number) =>
      n <= count && socket.send(JSON.stringify({ type: 'send', conversation, id: `fill-${fill}-${n}`, text: text(n) }));
    let acked = 0;
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('message', (data) => {
        const frame = JSON.parse(String(data)) as { type: string; reason?: string };
        if (frame.type === 'error') reject(new Error(frame.reason));
        if (frame.type === 'welcome') for (let n = 1; n <= inFlight; n++) sendNext(n);
        if (frame.type !== 'ack') return;
        sendNext(++acked + inFlight);
        if (acked === count) resolve();
      });
    });
    socket.close();
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}

/** A server for each test of a file. */
export function useServer(): () => Server {
  let server: Server;
  beforeEach(async () => {
    server = new Server();
    await server.start();
    return () => server.remove();
  });
  return () => server;
}
