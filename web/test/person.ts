// A person with a browser: what they do and what they see, in the words of the page.

import type { Browser, Locator, Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';

export interface Shown {
  seq: number;
  from: string;
  text: string;
}

export class Person {
  private readonly complaints: string[] = [];
  private wasAway = false;

  private constructor(
    readonly page: Page,
    readonly name: string,
  ) {
    page.on('pageerror', (error) => this.hears(error.message));
    page.on('console', (message) => message.type() === 'error' && this.hears(message.text()));
  }

  /** What the browser says of the page. Firefox tells what the network did as it tells an exception. */
  private hears(words: string): void {
    // A server that is away on purpose is a network error; anything else (a broken policy, say) is a fault of the page.
    if (/ERR_|WebSocket connection|can’t establish a connection/.test(words)) this.wasAway = true;
    // After that the page asks why there is no WebSocket, and a server that is back by then answers 426.
    else if (!this.wasAway || !words.includes('status of 426')) this.complaints.push(words);
  }

  /** Comes to a path of the server with a new profile, and does not choose a name yet. */
  static async visits(
    browser: Browser,
    url: string,
    name: string,
    path = '/c/lobby',
    prepare?: (page: Page) => Promise<void>,
  ): Promise<Person> {
    const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
    context.setDefaultTimeout(60_000);
    onTestFinished(() => context.close());
    const person = new Person(await context.newPage(), name);
    await prepare?.(person.page);
    await person.page.goto(url + path);
    return person;
  }

  /** Comes, chooses the name and waits until the conversation is there. */
  static async joins(
    browser: Browser,
    url: string,
    name: string,
    path?: string,
    prepare?: (page: Page) => Promise<void>,
  ): Promise<Person> {
    const person = await Person.visits(browser, url, name, path, prepare);
    await person.choosesName();
    await person.isJoined();
    return person;
  }

  async choosesName(name = this.name): Promise<void> {
    await this.page.getByLabel('Your name').fill(name);
    await this.page.getByRole('button', { name: 'Start chatting' }).click();
  }

  async isJoined(): Promise<void> {
    await this.page.locator('[data-testid=conversation][data-joined=true]').waitFor();
  }

  /** Presses "Try now" until the conversation is there: the page tries by itself too, and may be quicker. */
  async triesNow(): Promise<void> {
    const press = this.page.getByRole('button', { name: 'Try now' });
    const joined = this.page.locator('[data-testid=conversation][data-joined=true]');
    // there is none while it tries
    while (!(await joined.isVisible())) await press.click({ timeout: 1_000 }).catch(() => {});
  }

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: /^Message to/ });
  }

  get search(): Locator {
    return this.page.getByLabel('Find or start a conversation');
  }

  /** A conversation in the list. */
  listed(conversation: string): Locator {
    return this.page.getByTestId('conversations').locator(`[data-id="${conversation}"]`);
  }

  /** The names of the conversations that the list shows, from its top. */
  async list(): Promise<string[]> {
    return this.page
      .getByTestId('conversations')
      .locator('[data-id]')
      .evaluateAll((links) => links.map((link) => link.getAttribute('data-id')!));
  }

  /** Which conversation is open, as its head says. */
  async isIn(conversation: string): Promise<void> {
    await this.page.locator(`[data-testid=conversation][data-joined=true][aria-label="${conversation}"]`).waitFor();
  }

  /** Does something with the open conversation, from its menu. */
  async chooses(item: string): Promise<void> {
    await this.page.getByRole('button', { name: /^More about/ }).click();
    await this.page.getByRole('menuitem', { name: item }).click();
  }

  get log(): Locator {
    return this.page.getByRole('log');
  }

  async says(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  async types(text: string): Promise<void> {
    await this.composer.pressSequentially(text);
  }

  /** Opens a conversation by its name. One that nobody has begun is begun by the row that Enter leads to. */
  async opens(conversation: string): Promise<void> {
    await this.search.fill(conversation);
    await this.search.press('Enter');
    const leadsTo = () =>
      this.page.evaluate((id) => {
        // In a window behind another, nothing is :focus.
        if (document.activeElement?.closest('.listed.start')) return 'its row';
        const there = document.querySelector(`[data-testid=conversation][aria-label="${id}"], #search-problem`);
        return there && 'it, or a word why not';
      }, conversation);
    await expect.poll(leadsTo).toBeTruthy();
    if ((await leadsTo()) === 'its row') await this.page.locator('.listed.start a').press('Enter');
  }

  async sees(text: string): Promise<void> {
    await this.page.getByTestId('text').filter({ hasText: text }).first().waitFor();
  }

  /** What the log has drawn of the record: seq, author and text of each row. */
  async transcript(): Promise<Shown[]> {
    return this.page.locator('[data-testid=message][data-seq]').evaluateAll((rows) =>
      rows.map((row) => ({
        seq: Number(row.getAttribute('data-seq')),
        from: row.getAttribute('data-from')!,
        text: row.querySelector('[data-testid=text]')!.textContent!,
      })),
    );
  }

  /** Reads the whole record, from the end back to where it begins: what every row showed, by seq. */
  async readsAll(): Promise<Shown[]> {
    const read = new Map<number, Shown>();
    while (!read.has(1)) {
      for (const row of await this.transcript()) read.set(row.seq, row);
      await this.scrolls(-0.8);
    }
    await this.scrollsToEnd();
    return [...read.values()].sort((a, b) => a.seq - b.seq);
  }

  /** Scrolls by so many heights of the log, as soon as what stands there has come, and waits until that is drawn. */
  async scrolls(heights: number): Promise<void> {
    await this.log.evaluate(async (log, by) => {
      const frame = () => new Promise(requestAnimationFrame);
      let rest = by * log.clientHeight;
      while (-rest > log.scrollTop && Number(log.dataset.first) > 1) {
        rest += log.scrollTop;
        log.scrollTop = 0;
        await frame();
      }
      log.scrollBy(0, rest);
      for (let drawn = 0; drawn < 3; drawn++) await frame();
    }, heights);
  }

  async scrollsToEnd(): Promise<void> {
    const jump = this.page.getByTestId('jump');
    if (await jump.isVisible()) await jump.click();
    await jump.waitFor({ state: 'detached' });
  }

  /**
   * The first row that can be seen, as soon as what stands there is drawn, and how far below the log's upper edge it
   * begins.
   */
  async firstSeen(): Promise<{ seq: number; top: number }> {
    return this.log.evaluate(async (log) => {
      const edge = log.getBoundingClientRect().top;
      const rows = log.querySelector<HTMLElement>('.rows')!;
      const isDrawn = () =>
        rows.style.paddingTop === '0px' || rows.firstElementChild!.getBoundingClientRect().top <= edge;
      while (!isDrawn()) await new Promise(requestAnimationFrame);
      const row = [...log.querySelectorAll('[data-seq]')].find(
        (each) => each.getBoundingClientRect().bottom > edge + 1,
      )!;
      return { seq: Number(row.getAttribute('data-seq')), top: row.getBoundingClientRect().top - edge };
    });
  }

  /** How far below the log's upper edge a message begins. */
  async topOf(seq: number): Promise<number> {
    return this.log
      .locator(`[data-seq="${seq}"]`)
      .evaluate((row) => row.getBoundingClientRect().top - row.closest('.log')!.getBoundingClientRect().top);
  }

  /** The seqs that are held: the oldest and the newest. */
  async held(): Promise<[number, number]> {
    return this.log.evaluate((log) => [Number(log.dataset.first), Number(log.dataset.last)]);
  }

  /** The states of one's own messages, in order: sending, recorded or failed. */
  async states(): Promise<(string | null)[]> {
    return this.page
      .locator('[data-testid=message][data-state]')
      .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-state')));
  }

  async people(): Promise<string[]> {
    return this.page.getByTestId('people').locator('.person-name').allTextContents();
  }

  async status(what: 'typing' | 'banner' | 'notices'): Promise<string> {
    const said = (await this.page.getByTestId(what).textContent()) ?? '';
    return said.replace(/[\u2066-\u2069]/g, ''); // what keeps names apart cannot be seen
  }

  async alert(): Promise<string> {
    return ((await this.page.getByRole('alert').textContent()) ?? '').replace(/[\u2066-\u2069]/g, '');
  }

  /** Nothing went wrong inside the page: no exception, no broken policy. */
  hadNoTrouble(): void {
    expect(this.complaints, `what ${this.name}'s page complained of`).toEqual([]);
  }
}
