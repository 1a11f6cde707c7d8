// The page's styles stand before its script. A module script waits for the styles before it alone: with those after it,
// it may run first, and measure a page without any.
import type { Plugin } from 'vite';

export function stylesFirst(): Plugin {
  return {
    name: 'verbatim:styles-first',
    transformIndexHtml: {
      order: 'post',
      handler(html) {
        const styles = html.match(/\s*<link rel="stylesheet"[^>]*>/g) ?? [];
        const rest = styles.reduce((page, link) => page.replace(link, ''), html);
        return rest.replace(/\s*<script type="module"/, (script) => styles.join('') + script);
      },
    },
  };
}
