// How close messages stand. The style sheet reads the attribute.
import { effect, signal } from '@preact/signals';
import { lasting } from '../storage.ts';

export const densities = ['comfortable', 'compact'] as const;
export type Density = (typeof densities)[number];

const key = 'verbatim.density';

export const density = signal<Density>(densities.find((each) => each === lasting.getItem(key)) ?? 'comfortable');

export function chooseDensity(chosen: Density): void {
  density.value = chosen;
  lasting.setItem(key, chosen);
}

export function keepDensity(): void {
  effect(() => void (document.documentElement.dataset.density = density.value));
}
