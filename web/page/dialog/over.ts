// What lies over the page (a dialog; on a small screen the people) is a step of the browser's history: Back closes it,
// and does not leave the conversation or the site.
import { effect } from '@preact/signals';
import { hidePeopleOver, peopleOver } from '../head/people-shown.ts';
import { onStep, stepBack, whenStill } from '../steps.ts';
import { openDialog } from './open-dialog.ts';

let steps = Date.now(); // each has a number of its own, over reloads too
let step: number | undefined; // of what is open now

export function closeOver(): void {
  openDialog.value = undefined;
  hidePeopleOver();
}

/** Keeps the steps; `show` shows what the address names, after a step that the person has made. */
export function keepOver(show: () => void): void {
  effect(() => {
    const isOver = openDialog.value !== undefined || peopleOver.value;
    if (isOver === (step !== undefined)) return;
    const mine = step ?? ++steps;
    step = isOver ? mine : undefined;
    whenStill(isOver ? () => step === mine && begin(mine) : () => stepHere() === mine && stepBack());
  });
  onStep(() => {
    show();
    if (step === undefined || stepHere() === step) return;
    step = undefined;
    closeOver();
  });
  const isLeftOver = step === undefined && stepHere() !== undefined; // from before a reload: nothing is open now
  if (isLeftOver && history.length > 1) stepBack();
}

const stepHere = (): number | undefined => history.state?.over;

/** Goes on from where something was over the page before, by a step forward, in the place of that. */
function begin(mine: number): void {
  const state = { list: history.state?.list === true, over: mine };
  if (stepHere() === undefined) history.pushState(state, '');
  else history.replaceState(state, '');
}
