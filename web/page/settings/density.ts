// How close messages stand. The style sheet reads the attribute.
import { computed, effect } from '@preact/signals';
import { choiceOf } from './choice.ts';

export const densities = ['comfortable', 'compact'] as const;
export type Density = (typeof densities)[number];

const { chosen, choose } = choiceOf('verbatim.density', densities);

export const chooseDensity = choose;
export const density = computed<Density>(() => chosen.value ?? 'comfortable');

export function keepDensity(): void {
  effect(() => void (document.documentElement.dataset.density = density.value));
}
