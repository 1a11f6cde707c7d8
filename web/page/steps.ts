// The steps of the browser's history. A step back is made some time after it was asked for, and would undo what was
// pushed meanwhile: so whatever changes the history waits until it has arrived.

let isLeaving = false; // a step back of the page's own is on its way
const waiting: (() => void)[] = [];

/** Steps back from what the page itself has pushed. Nothing else is to be shown for that. */
export function stepBack(): void {
  isLeaving = true;
  history.back();
}

/** Changes the history, now or once a step back of the page's own has arrived. */
export function whenStill(change: () => void): void {
  if (isLeaving) waiting.push(change);
  else change();
}

/** Calls back after each step that somebody else has made. */
export function onStep(step: () => void): void {
  addEventListener('popstate', () => {
    const isOurs = isLeaving;
    isLeaving = false;
    if (!isOurs) step();
    while (!isLeaving && waiting.length > 0) waiting.shift()!();
  });
}
