// A person with a browser: what they do and what they see, in the words of the page.
import { expect, onTestFinished } from 'vitest';
import type { Browser, Locator, Page } from 'playwright-core';

export class Person {
  private readonly complaints: string[] = [];

  private constructor(readonly page: Page, readonly name: string) {
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      // A server that is away on purpose is a network error; anything else (a broken policy, say) is a fault of the page.
      if (message.type() === 'error' && !/ERR_|WebSocket connection/.test(message.text())) this.complaints.push(message.text());
    });
  }

  /** Comes to a path of the server with a new profile, and does not choose a name yet. */
  static async visits(browser: Browser, url: string, name: string, path = '/c/lobby', prepare?: (page: Page) => Promise<void>): Promise<Person> {
    const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
    onTestFinished(() => context.close());
    const person = new Person(await context.newPage(), name);
    await prepare?.(person.page);
    await person.page.goto(url + path);
    return person;
  }

  /** Comes, chooses the name and waits until the conversation is there. */
  static async joins(browser: Browser, url: string, name: string, path?: string, prepare?: (page: Page) => Promise<void>): Promise<Person> {
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

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: /^Message to/ });
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

  async opens(conversation: string): Promise<void> {
    await this.page.getByLabel('Open or start a conversation').fill(conversation);
    await this.page.getByRole('button', { name: 'Open', exact: true }).click();
  }

  async sees(text: string): Promise<void> {
    await this.page.getByTestId('text').filter({ hasText: text }).first().waitFor();
  }

  /** What the log shows of the record: seq, author and text of each row. */
  async transcript(): Promise<{ seq: number; from: string; text: string }[]> {
    return this.page.locator('[data-testid=message][data-seq]').evaluateAll((rows) => rows.map((row) => ({
      seq: Number(row.getAttribute('data-seq')),
      from: row.getAttribute('data-from')!,
      text: row.querySelector('[data-testid=text]')!.textContent!,
    })));
  }

  /** The states of one's own messages, in order: sending, recorded or failed. */
  async states(): Promise<(string | null)[]> {
    return this.page.locator('[data-testid=message][data-state]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-state')));
  }

  async people(): Promise<string[]> {
    return this.page.getByTestId('people').locator('.person-name').allTextContents();
  }

  async status(what: 'typing' | 'banner' | 'notices'): Promise<string> {
    return (await this.page.getByTestId(what).textContent()) ?? '';
  }

  /** Nothing went wrong inside the page: no exception, no broken policy. */
  hadNoTrouble(): void {
    expect(this.complaints, `what ${this.name}'s page complained of`).toEqual([]);
  }
}
