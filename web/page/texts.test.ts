// Every word that the page says stands in strings.ts: no component has one of its own.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ESTree, parseSync } from 'vite';
import { expect, test } from 'vitest';

const page = fileURLToPath(new URL('.', import.meta.url));
const spoken = new Set([
  'aria-label',
  'title',
  'placeholder',
  'alt',
  'aria-description',
  'aria-roledescription',
  'label',
]);
const letters = /\p{L}/u;

/** The literal texts in a component that a person would read or hear. */
function textsIn(source: string, name: string): string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== 'object' || node === null) return;
    const text = textOf(node as ESTree.Node);
    if (text !== undefined && letters.test(text)) found.push(text.trim());
    Object.values(node).forEach(visit);
  };
  visit(parseSync(name, source).program);
  return found;
}

function textOf(node: ESTree.Node): string | undefined {
  if (node.type === 'JSXText') return node.value;
  if (node.type !== 'JSXAttribute' || !spoken.has(String(node.name.name))) return undefined;
  const value = node.value?.type === 'JSXExpressionContainer' ? node.value.expression : node.value;
  return value && isText(value) ? textIn(value) : undefined;
}

const isText = (node: { type: string }) => node.type === 'Literal' || node.type === 'TemplateLiteral';
const textIn = (node: any) =>
  node.type === 'Literal' ? String(node.value) : node.quasis.map((quasi: any) => quasi.value.cooked).join('');

const components = readdirSync(page, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.tsx') && !name.includes('.test.') && !name.includes('node_modules'),
);

test('the walk finds what it is to find', () => {
  const source = 'export const A = () => <p title="Bad" class="fine">Worse {x} <b aria-label={`So ${n} so`}>→</b></p>;';
  expect(textsIn(source, 'a.tsx').sort()).toEqual(['Bad', 'So  so', 'Worse']);
  expect(components.length).toBeGreaterThan(15);
});

test.for(components)('%s says nothing of its own', (name) => {
  expect(textsIn(readFileSync(page + name, 'utf8'), name)).toEqual([]);
});
