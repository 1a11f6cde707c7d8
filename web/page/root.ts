// Where the page is served: at / of its host, or below a path that a proxy in front gives it. The page asks for nothing
// by an address of its own making: all of them go from here.

// The built scripts stand in one folder below the page; in development Vite has them elsewhere.
const up = import.meta.env.DEV ? '/' : '../';

/** The page's own folder. */
export const root = new URL(up, import.meta.url);

/** A key of the browser's storage, which all pages of a host share: another server below another path has others. */
export function keyOf(what: string, below = root.pathname): string {
  return `verbatim${below === '/' ? '' : below}.${what}`;
}
