import { beforeEach, expect, test, vi } from 'vitest';

/** A browser's history: a step back is made some time after it was asked for, and told of then. */
class History {
  entries: { state: unknown; path: string }[] = [{ state: null, path: '/c/lobby' }];
  at = 0;
  onStep: (() => void) | undefined;
  private due = 0;

  get state() {
    return this.entries[this.at]!.state;
  }
  get length() {
    return this.entries.length;
  }
  get path() {
    return this.entries[this.at]!.path;
  }

  pushState(state: unknown, _: string, path = this.path) {
    this.entries = [...this.entries.slice(0, this.at + 1), { state: structuredClone(state), path }];
    this.at++;
  }

  replaceState(state: unknown, _: string, path = this.path) {
    this.entries[this.at] = { state: structuredClone(state), path };
  }

  back() {
    this.due++;
  }

  /** All steps that were asked for are made. */
  arrives(): void {
    while (this.due > 0) {
      this.due--;
      if (this.at > 0) this.steps(-1);
    }
  }

  /** The person steps. */
  steps(by: number): void {
    this.at += by;
    this.onStep?.();
  }
}

let browser: History;

/** The page, begun where the browser's history is; `shown` is what it was told to show. */
async function page() {
  vi.resetModules();
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener() {} }));
  vi.stubGlobal('history', browser);
  vi.stubGlobal('addEventListener', (type: string, listener: () => void) => {
    if (type === 'popstate') browser.onStep = listener;
  });
  const [{ closeOver, keepOver }, { openDialog }, { peopleShown }, { whenStill }] = await Promise.all([
    import('./over.ts'),
    import('./open-dialog.ts'),
    import('../head/people-shown.ts'),
    import('../steps.ts'),
  ]);
  const shown: string[] = [];
  keepOver(() => shown.push(browser.path));
  /** As state.ts opens a conversation. */
  const opens = (id: string) => {
    closeOver();
    whenStill(() => browser.pushState({}, '', `/c/${id}`));
  };
  return { openDialog, peopleShown, shown, opens, over: () => [openDialog.value, peopleShown.value] };
}

beforeEach(() => void (browser = new History()));

test('Back closes what lies over the page, and leaves the page where it was', async () => {
  const { openDialog, peopleShown, over } = await page();
  openDialog.value = 'settings';
  browser.steps(-1);
  expect([over(), browser.path]).toEqual([[undefined, false], '/c/lobby']);
  peopleShown.value = true;
  browser.steps(-1);
  expect([over(), browser.at]).toEqual([[undefined, false], 0]);
});

test('what is closed by a key leaves no step behind, and nothing else is shown', async () => {
  const { openDialog, shown } = await page();
  openDialog.value = 'help';
  expect(browser.at).toBe(1);
  openDialog.value = undefined;
  browser.arrives();
  expect([browser.at, browser.state, shown]).toEqual([0, null, []]);
});

test('Back closes a dialog after a reload too, whatever step was left behind', async () => {
  (await page()).openDialog.value = 'settings';
  const { openDialog, over, shown } = await page(); // reloaded
  browser.arrives();
  expect([browser.at, shown]).toEqual([0, []]);
  openDialog.value = 'settings';
  expect(browser.at).toBe(1);
  browser.steps(-1);
  expect(over()).toEqual([undefined, false]);
  browser.steps(1); // forward, to where nothing is open any more
  openDialog.value = 'help';
  expect(browser.at).toBe(1);
  browser.steps(-1);
  expect([over(), browser.at]).toEqual([[undefined, false], 0]);
});

test('a dialog that is opened before the last one’s step back has arrived stays, and has its own step', async () => {
  const { openDialog, over } = await page();
  openDialog.value = 'help';
  openDialog.value = undefined;
  openDialog.value = 'settings';
  browser.arrives();
  expect([over(), browser.at]).toEqual([['settings', false], 1]);
  browser.steps(-1);
  expect(over()).toEqual([undefined, false]);
});

test('what is opened and closed again while a step back is on its way leaves nothing behind', async () => {
  const { openDialog, over } = await page();
  openDialog.value = 'help';
  openDialog.value = undefined;
  openDialog.value = 'settings';
  openDialog.value = undefined;
  browser.arrives();
  expect([over(), browser.at, browser.entries[0]!.state]).toEqual([[undefined, false], 0, null]);
});

test('a conversation that is chosen while the people lie over another one is a step after that one', async () => {
  const { peopleShown, opens, over, shown } = await page();
  peopleShown.value = true;
  opens('kitchen');
  expect(over()).toEqual([undefined, false]);
  browser.arrives();
  expect([browser.path, browser.at]).toEqual(['/c/kitchen', 1]);
  browser.steps(-1);
  expect([browser.path, over(), shown]).toEqual(['/c/lobby', [undefined, false], ['/c/lobby']]);
});

test('what changes the history waits for a step back that is on its way', async () => {
  const { openDialog, opens } = await page();
  openDialog.value = 'help';
  openDialog.value = undefined; // and at once
  opens('kitchen');
  expect(browser.path).toBe('/c/lobby');
  browser.arrives();
  expect([browser.path, browser.at]).toEqual(['/c/kitchen', 1]);
});
