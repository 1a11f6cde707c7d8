// A browser that nobody watches but through what is asked of it here. Playwright listens to the network of every page:
// at 500 frames a second on a WebSocket that takes half of a core from the browser's own process, the one that keys
// come through.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { chromiumPath, quiet } from '../test/browser.ts';

interface Reply {
  id?: number;
  result?: unknown;
  error?: { message: string };
}

/** One page in a Chromium of its own, over the DevTools protocol. */
export class Unwatched {
  private calls = 0;
  private readonly waiting = new Map<number, (reply: Reply) => void>();
  private session: string | undefined;

  private constructor(
    private readonly chromium: ChildProcess,
    private readonly profile: string,
    private readonly socket: WebSocket,
  ) {
    socket.on('message', (data) => {
      const reply = JSON.parse(String(data)) as Reply;
      if (reply.id !== undefined) this.waiting.get(reply.id)?.(reply);
    });
  }

  /**
   * Starts a browser whose page is at this address, and has the focus. What is `before` runs in it before anything
   * else.
   */
  static async at(url: string, before: () => void): Promise<Unwatched> {
    const profile = mkdtempSync(join(tmpdir(), 'verbatim-web-'));
    const args = [
      ...quiet,
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      '--window-size=1000,700',
      'about:blank',
    ];
    const chromium = spawn(chromiumPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const said: string[] = [];
    for await (const line of createInterface(chromium.stderr)) {
      said.push(line);
      const endpoint = /^DevTools listening on (ws:\S+)$/.exec(line)?.[1];
      if (!endpoint) continue;
      const socket = new WebSocket(endpoint);
      await once(socket, 'open');
      const page = new Unwatched(chromium, profile, socket);
      const { targetId } = await page.call<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
      page.session = (
        await page.call<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
      ).sessionId;
      await page.call('Emulation.setFocusEmulationEnabled', { enabled: true });
      await page.call('Page.enable', {});
      await page.call('Page.addScriptToEvaluateOnNewDocument', { source: `(${String(before)})()` });
      await page.call('Page.navigate', { url });
      return page;
    }
    throw new Error(`${chromiumPath} did not start:\n${said.join('\n')}`);
  }

  /** What a function without free names gives in the page. */
  async evaluate<T>(what: () => T | Promise<T>): Promise<T> {
    const { result, exceptionDetails } = await this.call<{
      result: { value: T };
      exceptionDetails?: { exception: { description: string } };
    }>('Runtime.evaluate', { expression: `(${String(what)})()`, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception.description);
    return result.value;
  }

  /** Waits until something is so in the page. */
  async until(what: () => boolean): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      if (await this.evaluate(what)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`it never was so: ${String(what)}`);
  }

  /** Presses and lets go of a letter's key. */
  async press(key: string): Promise<void> {
    await Promise.all([
      this.call('Input.dispatchKeyEvent', { type: 'keyDown', key, text: key }),
      this.call('Input.dispatchKeyEvent', { type: 'keyUp', key }),
    ]);
  }

  async close(): Promise<void> {
    const gone = once(this.chromium, 'exit');
    await this.call('Browser.close', {});
    await gone;
    // its last processes end a moment later
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  private call<T>(method: string, params: object): Promise<T> {
    const id = ++this.calls;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ result, error }) => {
        this.waiting.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result as T);
      });
      this.socket.send(JSON.stringify({ id, method, params, sessionId: this.session }));
    });
  }
}
