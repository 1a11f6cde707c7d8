// Two people who chat.
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();
const joins = (name: string, path?: string) => Person.joins(browser(), server().url, name, path);

test('a visitor chooses a name, and the default conversation is the lobby', async () => {
  const ann = await Person.visits(browser(), server().url, 'ann', '/');
  await expect.poll(() => ann.page.title()).toBe('Verbatim');
  await ann.choosesName('');
  await expect.poll(() => ann.page.getByRole('alert').textContent()).toBe('Type a name first.');
  await ann.choosesName();
  await ann.isJoined();
  await expect.poll(() => ann.page.getByRole('heading', { level: 1 }).textContent()).toContain('lobby');
  await expect.poll(() => ann.page.getByTestId('me').textContent()).toContain('ann');
  ann.hadNoTrouble();
});

test('two people see each other, what they write and that they are writing', async () => {
  const ann = await joins('ann');
  const bob = await joins('bob');
  await expect.poll(() => ann.people()).toEqual(['ann', 'bob']);
  await expect.poll(() => bob.people()).toEqual(['ann', 'bob']);

  await bob.types('Hello Ann');
  await expect.poll(() => ann.status('typing')).toBe('bob is typing…');
  await bob.composer.press('Enter');
  await ann.sees('Hello Ann');
  await expect.poll(() => ann.status('typing')).toBe('');

  await ann.says('Hello Bob');
  await bob.sees('Hello Bob');
  const expected = [
    { seq: 1, from: 'bob', text: 'Hello Ann' },
    { seq: 2, from: 'ann', text: 'Hello Bob' },
  ];
  await expect.poll(() => ann.transcript()).toEqual(expected);
  await expect.poll(() => bob.transcript()).toEqual(expected);

  await bob.page.context().close();
  await expect.poll(() => ann.people()).toEqual(['ann']); // 5 s after his last session
  ann.hadNoTrouble();
});

test('a message is marked once it is on the record, and once it is read', async () => {
  const ann = await joins('ann');
  await ann.says('Write this down');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  await expect.poll(() => ann.page.getByTestId('message').textContent()).toContain('on the record');
  expect(await server().transcript('lobby')).toMatchObject([{ seq: 1, from: 'ann', text: 'Write this down' }]);

  await joins('bob');
  await expect.poll(() => ann.page.getByTestId('read-by').textContent()).toBe('read by bob');
});

test('Enter sends, Shift+Enter starts a new line, and lines stay lines', async () => {
  const ann = await joins('ann');
  await ann.types('one');
  await ann.composer.press('Shift+Enter');
  await ann.types('  two');
  await ann.composer.press('Enter');
  await ann.sees('two');
  await expect.poll(() => ann.page.getByTestId('text').innerText()).toBe('one\n  two');
  await expect.poll(() => ann.composer.inputValue()).toBe('');
});

test('a reload keeps the name, the conversation and what was not sent yet', async () => {
  const ann = await joins('ann');
  await ann.opens('kitchen');
  await ann.isJoined();
  await ann.says('Coffee?');
  await ann.sees('Coffee?');
  await ann.types('half a thou');
  await ann.page.reload();
  await ann.isJoined();
  expect(new URL(ann.page.url()).pathname).toBe('/c/kitchen');
  await ann.sees('Coffee?');
  await expect.poll(() => ann.composer.inputValue()).toBe('half a thou');
  await expect.poll(() => ann.page.getByTestId('me').textContent()).toContain('ann');
  await ann.page.goBack();
  await expect.poll(() => ann.page.getByRole('heading', { level: 1 }).textContent()).toContain('lobby');
});

test('a conversation that cannot be one gets words, in the form and in the address', async () => {
  const ann = await joins('ann');
  await ann.opens('Käse');
  await expect.poll(() => ann.alert()).toContain('“Käse” cannot be a conversation');
  expect(new URL(ann.page.url()).pathname).toBe('/c/lobby'); // and one stays where one was
  await ann.page.goto(`${server().url}/c/No%20Way`);
  await expect.poll(() => ann.alert()).toContain('“No Way” cannot be a conversation');
  await ann.opens('a.valid-one');
  await ann.isJoined();
  ann.hadNoTrouble();
});

test('what is unread elsewhere is counted, and reading it clears the count', async () => {
  const ann = await joins('ann', '/c/kitchen');
  await ann.says('Coffee?');
  await expect.poll(() => ann.transcript()).toHaveLength(1); // and so it is read
  await expect.poll(() => server().readTo('kitchen', 'ann')).toBe(1);
  await ann.page.goto(`${server().url}/c/lobby`); // a new page, which follows the kitchen
  await ann.isJoined();
  const kitchen = ann.listed('kitchen');
  await expect.poll(() => kitchen.textContent()).toContain('Coffee?');
  await server().post('kitchen', 'bob', 'Yes');
  await server().post('kitchen', 'bob', 'Please');
  await expect.poll(() => kitchen.textContent()).toContain('2 unread messages');
  await kitchen.click();
  await ann.sees('Please');
  await ann.listed('lobby').click();
  await ann.isIn('lobby');
  await expect.poll(() => kitchen.textContent()).not.toContain('unread');
  ann.hadNoTrouble();
});

test('a message that is too long is not sent, and the reason says by how much', async () => {
  const ann = await joins('ann');
  await ann.composer.fill('é'.repeat(8193)); // 16386 bytes
  await expect.poll(() => ann.page.getByRole('alert').textContent()).toContain('Too long by 2 bytes');
  await ann.composer.press('Enter');
  expect(await ann.composer.inputValue()).toHaveLength(8193);
  await ann.composer.press('Backspace');
  await ann.composer.press('Enter');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
});
