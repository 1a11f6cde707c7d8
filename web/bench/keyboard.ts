// Whether every control can be reached with the keyboard alone.
import type { Browser, Page } from 'playwright-core';
import { Person } from '../test/person.ts';
import type { Server } from '../test/server.ts';
import { desktop, dress, phone, showList, showPeople } from './axe.ts';
import { lively } from './scene.ts';
import type { Row } from './table.ts';

const mostSteps = 400; // keys; a page with more controls than that has another fault

export async function keyboard(browser: Browser, server: Server): Promise<Row[]> {
  await lively(server);
  const zoe = await Person.visits(browser, server.url, 'zoe', '/c/lobby', (page) => dress(page, desktop, 'light'));
  const rows = [await walk('welcome', zoe.page)];
  await zoe.choosesName();
  await zoe.isJoined();
  await zoe.sees('cake');
  await zoe.page.getByRole('link', { name: 'support' }).waitFor(); // the list is there
  rows.push(await walk('conversation', zoe.page));
  await showPeople(zoe.page);
  rows.push(await walk('people', zoe.page));
  await zoe.page.setViewportSize(phone);
  await showList(zoe.page);
  rows.push(await walk('list on a phone', zoe.page));
  return rows;
}

/** Walks the page by Tab until it comes around, by the arrows where a group asks for it, and tells what was not met. */
async function walk(screen: string, page: Page): Promise<Row> {
  await page.mouse.move(0, 0); // what the mouse or the focus is on shows more, and takes it back at the first key
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await drawn(page);
  const all = await page.evaluate(markControls);
  const met = new Set<string>();
  let first = '';
  for (let step = 0; step < mostSteps; step++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(focused);
    if (at.id !== '' && at.id === first) break; // it has come around
    first ||= at.id;
    if (at.id !== '') met.add(at.id);
    if (at.roving) await rove(page, met);
  }
  const missed = Object.entries(all)
    .filter(([id]) => !met.has(id))
    .map(([, control]) => control);
  const count = Object.keys(all).length;
  return {
    what: `controls reached by keyboard, ${screen}`,
    figure: `${count - missed.length} of ${count}`,
    bar: 'all',
    met: count > 0 && missed.length === 0,
    binding: true,
    details: missed.map((control) => `not reached: ${control}`),
  };
}

/** Goes through a group of which Tab stops at one only, to both its ends and back to where Tab came in. */
async function rove(page: Page, met: Set<string>): Promise<void> {
  const { id: entered } = await page.evaluate(focused);
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowUp', 'ArrowLeft', 'ArrowDown']) {
    for (let step = 0; step < mostSteps; step++) {
      const { id: before } = await page.evaluate(focused);
      await page.keyboard.press(key);
      await drawn(page); // the log moves the focus with that
      const { id } = await page.evaluate(focused);
      if (id !== '') met.add(id);
      if (id === before || id === entered) break;
    }
    if (key === 'ArrowUp' && (await page.evaluate(focused)).id === entered) break;
  }
}

/** Waits until what was done is drawn. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** Numbers each control that can be seen and used, and describes it. Runs in the page. */
function markControls(): Record<string, string> {
  const controls =
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [contenteditable=true], [tabindex], [role=button], [role=link], [role=option], [role=menuitem]';
  const found: Record<string, string> = {};
  for (const control of document.querySelectorAll<HTMLElement>(controls)) {
    const grouped = control.closest(
      '[role=listbox], [role=menu], [role=toolbar], [role=tablist], [role=grid], [role=feed], [role=log], [role=radiogroup]',
    );
    const inGroup = grouped !== null && grouped !== control;
    const skipped =
      control.getAttribute('tabindex') === '-1' && !inGroup && !control.matches('a, button, input, select, textarea');
    const usable =
      control.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true }) &&
      !control.matches(':disabled') &&
      !control.closest('[inert], [aria-hidden=true]');
    if (skipped || !usable) continue;
    const id = String(Object.keys(found).length + 1);
    control.dataset.walked = id;
    const words =
      control.getAttribute('aria-label') ?? (control.textContent?.trim() || control.getAttribute('placeholder') || '');
    found[id] = `${control.tagName.toLowerCase()} “${words.slice(0, 40)}”`;
  }
  return found;
}

/** Where the focus is, and whether it is in a group that the arrows walk. Runs in the page. */
function focused(): { id: string; roving: boolean } {
  const at = document.activeElement as HTMLElement | null;
  const others = at?.parentElement?.closest('ul, ol, [role]')?.querySelector('[tabindex="-1"]');
  return {
    id: at?.dataset.walked ?? '',
    roving: at?.getAttribute('tabindex') === '0' && others !== undefined && others !== null,
  };
}
