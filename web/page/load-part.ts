// Loads a part of the page that is not needed at first, and the styles that come with it. The build puts this in the place of
// Vite's own (vite.config.ts), which is several times as long: it also minds browsers and policies that this page never meets.

const asked = new Map<string, Promise<unknown>>(); // by address, the files that are there or on their way

/** Stands around each `import()`; `files` are what the part consists of, as seen from `from`. It comes with its styles or not at all. */
export async function __vitePreload<Part>(load: () => Promise<Part>, files: string[] = [], from = ''): Promise<Part> {
  await Promise.all(files.map((file) => ask(new URL(file, from).href)));
  return load();
}

/** Resolves once a style sheet is there. A script is asked for meanwhile; whether it comes, its `import()` finds out. */
function ask(href: string): Promise<unknown> {
  const isStyle = href.endsWith('.css');
  let answer = asked.get(href);
  if (!answer) {
    const link = Object.assign(document.createElement('link'), { rel: isStyle ? 'stylesheet' : 'modulepreload', href });
    asked.set(href, answer = new Promise((onload, onerror) => (isStyle ? Object.assign(link, { onload, onerror }) : onload(0))));
    answer.catch(() => asked.delete(href)); // no network: the next time it is asked for again
    document.head.append(link);
  }
  return answer;
}
