// A conversation in which far more comes than anybody can read.

import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { useBrowser } from '../test/browser.ts';
import { Person } from '../test/person.ts';
import { type Server, useServer } from '../test/server.ts';

const browser = useBrowser();
const server = useServer();

/** Somebody who says so many messages a second until the test ends. */
async function chatters({ url }: Server, perSecond: number): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws?name=bob`);
  await new Promise((resolve) => socket.once('message', resolve));
  let said = 0;
  const began = Date.now();
  const timer = setInterval(() => {
    for (const due = ((Date.now() - began) / 1000) * perSecond; said < due; said++) {
      socket.send(
        JSON.stringify({
          type: 'send',
          conversation: 'lobby',
          id: `c${said}`,
          text: `message ${said} with **some** words and \`code\` ${'more '.repeat(said % 20)}`,
        }),
      );
    }
  }, 20);
  onTestFinished(() => {
    clearInterval(timer);
    socket.close();
  });
}

test('what is announced to who does not see it keeps a pace that can be heard', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  await ann.page.evaluate(() => {
    const said: string[] = ((window as unknown as { said: string[] }).said = []);
    const announcer = document.querySelector('[data-testid=announcer]')!;
    new MutationObserver(() => said.push(announcer.textContent!)).observe(announcer, {
      childList: true,
      characterData: true,
      subtree: true,
    });
  });
  const said = () => ann.page.evaluate(() => (window as unknown as { said: string[] }).said);
  await server().post('lobby', 'bob', '**Hello** there');
  await expect.poll(said).toEqual(['bob: Hello there']);
  const began = Date.now();
  await chatters(server(), 300);
  await expect.poll(async () => (await said()).length).toBe(4);
  expect(Date.now() - began).toBeGreaterThan(5_000);
  await expect.poll(async () => (await said()).at(-1)).toMatch(/^\d+ new messages, the last from bob\.$/);
});
