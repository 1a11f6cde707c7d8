// The pictures on the page's buttons: lines in the colour of the words around them, within 24 by 24.
import { h } from 'preact';

interface Props {
  size: number;
  /** How wide the line is. */
  line: number;
  d: string;
  /** Whether its corners are not rounded. */
  sharp?: boolean;
  class?: string;
}

export function Icon({ size, line, d, sharp, ...more }: Props) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" {...more}>
      <path
        fill="none"
        stroke="currentColor"
        stroke-width={line}
        stroke-linecap="round"
        stroke-linejoin={sharp ? undefined : 'round'}
        d={d}
      />
    </svg>
  );
}
