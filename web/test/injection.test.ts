// Text is text, whatever it looks like.
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();

const attacks = [
  '<script>document.title = "owned"</script>',
  '<img src=x onerror="document.title = \'owned\'">',
  '<a href="javascript:document.title=1">click</a>',
  '&lt;b&gt; &amp; {{1+1}} ${1+1}',
];

test('markup in a text or a name is shown and never run', async () => {
  const ann = await Person.joins(browser(), server().url, '<b onclick=x>ann</b>');
  const bob = await Person.joins(browser(), server().url, 'bob');
  for (const attack of attacks) await ann.says(attack);
  await expect.poll(async () => (await bob.transcript()).map((row) => row.text)).toEqual(attacks);
  expect(await bob.log.locator('script, img, a, b').count()).toBe(0);
  expect(await bob.page.title()).not.toContain('owned');
  await expect.poll(() => bob.people()).toEqual(['<b onclick=x>ann</b>', 'bob']);
  bob.hadNoTrouble();
});

test('the policy forbids what a hole in the page would need', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  const refused = await ann.page.evaluate(async () => {
    const violated: string[] = [];
    const connecting = new Promise<void>((told) => {
      document.addEventListener('securitypolicyviolation', (event) => {
        violated.push(event.effectiveDirective);
        if (event.effectiveDirective === 'connect-src') told();
      });
    });
    try {
      document.body.innerHTML = '<img src=x onerror="document.title=1">';
    } catch {
      violated.push('trusted types');
    }
    await fetch('http://127.0.0.1:9/').catch(() => {});
    // it is told a little after the refusal
    await Promise.race([connecting, new Promise((tired) => setTimeout(tired, 60_000))]);
    return violated;
  });
  expect(refused).toContain('trusted types');
  expect(refused).toContain('connect-src');
  expect(await ann.page.title()).not.toContain('owned');
});
