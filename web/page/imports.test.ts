// How the modules of the page and the client may hang together: arrows point one way.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const web = fileURLToPath(new URL('..', import.meta.url));
const imports = /(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g;

type Graph = Map<string, string[]>; // a module, and the modules of ours that it imports, for types too

function graphOf(folders: string[]): Graph {
  const files = folders.flatMap((folder) =>
    readdirSync(join(web, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name) && !/node_modules|dist\//.test(name))
      .map((name) => join(web, folder, name)),
  );
  return new Map(files.map((file) => [file, importsOf(file, readFileSync(file, 'utf8'))]));
}

function importsOf(file: string, source: string): string[] {
  return [...source.matchAll(imports)].map((found) => normalize(join(dirname(file), found[1]!))).filter(existsSync);
}

/** The first circle that is found, from a module back to itself, or undefined. */
function circleIn(graph: Graph): string[] | undefined {
  const done = new Set<string>();
  const walk = (module: string, way: string[]): string[] | undefined => {
    if (way.includes(module)) return [...way.slice(way.indexOf(module)), module];
    if (done.has(module)) return undefined;
    for (const next of graph.get(module) ?? []) {
      const circle = walk(next, [...way, module]);
      if (circle) return circle;
    }
    done.add(module);
    return undefined;
  };
  for (const module of graph.keys()) {
    const circle = walk(module, []);
    if (circle) return circle;
  }
  return undefined;
}

const graph = graphOf(['client', 'page']);

test('no modules import each other in a circle', () => {
  expect(graph.size).toBeGreaterThan(150);
  expect(circleIn(graph)?.map((module) => relative(web, module))).toBeUndefined();
});

test('a circle is found', () => {
  const circle = circleIn(new Map(Object.entries({ a: ['b'], b: ['c', 'd'], c: [], d: ['b'] })));
  expect(circle).toEqual(['b', 'd', 'b']);
});

test('the state of the page draws nothing: it reaches no component', () => {
  const reached = new Set<string>();
  const reach = (module: string): void => {
    if (reached.has(module)) return;
    reached.add(module);
    graph.get(module)?.forEach(reach);
  };
  reach(join(web, 'page/state.ts'));
  expect(reached.size).toBeGreaterThan(20);
  expect([...reached].filter((module) => module.endsWith('.tsx'))).toEqual([]);
});
