// One's own messages: on their way, on the record, refused; and who has read them.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';
import { Wire } from './wire.ts';

const browser = useBrowser();
const server = useServer();

/** A network on which the server refuses what says so, until it is told to relent. */
class Refusal {
  refuses = true;

  lay = async (page: Page): Promise<void> => {
    await page.routeWebSocket(/\/ws/, (socket) => {
      const upstream = socket.connectToServer();
      socket.onMessage((frame) => {
        const request = JSON.parse(String(frame)) as {
          type: string;
          text?: string;
          ref?: string;
          conversation?: string;
        };
        if (!this.refuses || request.type !== 'send' || !request.text?.includes('refuse')) return upstream.send(frame);
        socket.send(
          JSON.stringify({
            type: 'error',
            code: 'forbidden',
            reason: 'you may not say that here',
            ref: request.ref,
            conversation: request.conversation,
          }),
        );
      });
      upstream.onMessage((frame) => socket.send(frame));
    });
  };
}

test('what is refused says why, and can be sent again or thrown away', async () => {
  const refusal = new Refusal();
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/lobby', refusal.lay);
  await ann.says('refuse one');
  await ann.says('refuse two');
  await expect.poll(() => ann.states()).toEqual(['failed', 'failed']);
  const failed = ann.log.locator('[data-state=failed]');
  await expect.poll(() => failed.first().textContent()).toContain('you may not say that here');
  expect(await failed.first().textContent()).not.toContain('on the record');
  await failed.last().getByRole('button', { name: 'Discard' }).click();
  await expect.poll(() => ann.states()).toEqual(['failed']);
  refusal.refuses = false;
  await failed.getByRole('button', { name: 'Try again' }).click();
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  expect((await server().transcript('lobby')).map((message) => message.text)).toEqual(['refuse one']);
  ann.hadNoTrouble();
});

test('nothing is called recorded before it is acknowledged', async () => {
  const wire = new Wire();
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/lobby', wire.lay);
  wire.losesAnswers = true;
  await ann.says('are you there?');
  await expect.poll(async () => (await server().transcript('lobby')).length).toBe(1); // the page has not been told
  await ann.sees('are you there?');
  await expect.poll(() => ann.states()).toEqual(['sending']);
  expect(await ann.page.getByTestId('message').textContent()).not.toContain('on the record');
});

test('who has read stands under what they have read last, and moves on with them', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  const bob = await Person.joins(browser(), server().url, 'bob');
  await ann.says('one');
  const readOf = (seq: number) => ann.log.locator(`[data-seq="${seq}"]`).getByTestId('read-by').allTextContents();
  await expect.poll(() => readOf(1)).toEqual(['read by bob']);
  await bob.sees('one');
  await ann.says('two');
  await expect.poll(() => readOf(2)).toEqual(['read by bob']);
  await expect.poll(() => readOf(1)).toEqual([]);
});
