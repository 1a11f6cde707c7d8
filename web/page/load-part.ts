// Loads a part of the page that is not needed at first, after the styles that come with it. The build puts this in the
// place of Vite's own (vite.config.ts), which is several times as long. The styles go first: where they do not come
// there is no network, and no script is tried, for browsers keep the failure of a script as long as the page lives.

const asked = new Map<string, Promise<unknown>>(); // by address: the style sheets that are there or on their way

/**
 * Stands around each `import()`. `files` are the part's own, as seen from `from`: none that the first load has as well.
 */
export async function __vitePreload<Part>(load: () => Promise<Part>, files: string[] = [], from = ''): Promise<Part> {
  const styles = files.filter((file) => file.endsWith('.css'));
  await Promise.all(styles.map((file) => ask(new URL(file, from).href)));
  return load();
}

function ask(href: string): Promise<unknown> {
  let answer = asked.get(href);
  if (!answer) {
    const link = document.createElement('link');
    asked.set(
      href,
      (answer = new Promise((onload, onerror) => Object.assign(link, { rel: 'stylesheet', href, onload, onerror }))),
    );
    answer.catch(() => {
      // the next time it is asked for again
      asked.delete(href);
      link.remove();
    });
    document.head.append(link);
  }
  return answer;
}
