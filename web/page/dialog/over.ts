// What lies over the page (a sheet; on a small screen the people) is a step of the browser's history: Back closes it, and does
// not leave the conversation or the site.
import { effect } from '@preact/signals';
import { hidePeopleOver, peopleOver } from '../head/people-shown.ts';
import { sheet } from './sheet.ts';

let stepped = false; // the step for what is open now was made

export function keepOver(): void {
  effect(() => {
    const isOver = sheet.value !== undefined || peopleOver.value;
    if (isOver === stepped) return;
    stepped = isOver;
    if (isOver) history.pushState({ list: history.state?.list === true, over: true }, '');
    else if (history.state?.over === true) history.back(); // closed by another key or button
  });
  addEventListener('popstate', () => {
    if (!stepped || history.state?.over === true) return;
    stepped = false;
    sheet.value = undefined;
    hidePeopleOver();
  });
}
