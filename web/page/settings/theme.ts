// Light or dark: as the system is, unless somebody has chosen. The style sheet reads the attribute.
import { computed, effect } from '@preact/signals';
import { choiceOf } from './choice.ts';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const { chosen, choose } = choiceOf('verbatim.theme', themes);

export const chooseTheme = choose;
export const theme = computed<Theme>(() => chosen.value ?? 'system');

/** Keeps the page in its colours, and the browser's own edge with it. */
export function keepTheme(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const paint = () => {
    const { documentElement: page, head } = document;
    if (theme.peek() === 'system') delete page.dataset.theme;
    else page.dataset.theme = theme.peek();
    const edge = getComputedStyle(page)
      .getPropertyValue(isDark(dark) ? '--edge-dark' : '--edge-light')
      .trim();
    for (const meta of head.querySelectorAll('meta[name=theme-color]')) meta.setAttribute('content', edge);
  };
  dark.addEventListener('change', paint);
  effect(() => {
    void theme.value;
    paint();
  });
}

const isDark = (system: MediaQueryList) => (theme.peek() === 'system' ? system.matches : theme.peek() === 'dark');
