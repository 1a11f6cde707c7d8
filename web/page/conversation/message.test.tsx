// @vitest-environment happy-dom

import type { Message } from '@verbatim/client';
import { h, render } from 'preact';
import { expect, test, vi } from 'vitest';
import { exactTime } from '../time.ts';
import type { LogController } from './log-controller.ts';
import { MessageRow } from './message.tsx';

vi.mock('../state.ts', () => ({ chat: {}, watch: () => ({}), user: { value: 'ann' } }));

const time = '2026-11-24T12:00:00.000000Z';

/** A message as it stands in the log, with the pointer on it. */
function drawn(row: { ends: boolean; follows: boolean }, more: Partial<Message> = {}, own = false): HTMLElement {
  const message: Message = { type: 'message', conversation: 'lobby', seq: 7, from: 'bob', time, text: 'hi', ...more };
  const place = document.createElement('div');
  const controller = { id: 'lobby' } as LogController;
  const props = {
    rowKey: 'seq 7',
    tabIndex: 0,
    own,
    controller,
    isTarget: false,
    active: true,
    readers: '',
    today: '',
  };
  render(<MessageRow {...props} row={{ message, newDay: false, firstUnread: false, ...row }} />, place);
  return place;
}

const room = (place: HTMLElement) => {
  const facts = place.querySelector<HTMLElement>('.bubble')!.style.getPropertyValue('--facts');
  return facts === '' ? '' : String(JSON.parse(facts));
};

test('on the last line is room for all that stands there, and for nothing within a run', () => {
  const clock = drawn({ ends: true, follows: false }).querySelector('time')!.textContent!;
  expect(room(drawn({ ends: true, follows: false }))).toBe(clock);
  expect(room(drawn({ ends: true, follows: false }, {}, true))).toBe(`${clock}  ✓`);
  expect(room(drawn({ ends: false, follows: true }))).toBe('');
  expect(room(drawn({ ends: false, follows: true }, { partial: true }))).toBe(`cut short  ${clock}`);
});

test('what can be done with a message tells when it was written, within a run too', () => {
  const actions = drawn({ ends: false, follows: true }).querySelectorAll<HTMLElement>('.actions button');
  const titles = [...actions].map(({ title }) => title);
  expect(titles).toHaveLength(2);
  for (const title of titles) expect(title).toContain(exactTime(time));
});
