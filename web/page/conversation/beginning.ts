// What stands above the first message of the log, or in its place.

export interface Start {
  /** Whether it was loaded here before: only then what is held says something of its record. */
  isKnown: boolean;
  /** Whether what is held is not shown, for the place to open at is being looked for. */
  isHidden: boolean;
  /** How many are held, and how many of one's own wait. */
  messages: number;
  pending: number;
  hasOlder: boolean;
  loadingOlder: boolean;
  isFirstDrawn: boolean;
  phase: string;
}

export type Beginning = 'loadingOlder' | 'loading' | 'notLoaded' | 'refused' | 'empty' | 'beginning';

export function beginningOf(start: Start): Beginning | undefined {
  const { isKnown, isHidden, messages, pending, hasOlder, loadingOlder, isFirstDrawn, phase } = start;
  if (isHidden || (!isKnown && messages === 0)) {
    if (phase === 'refused') return 'refused';
    return phase === 'offline' || phase === 'waiting' ? 'notLoaded' : 'loading';
  }
  if (loadingOlder) return 'loadingOlder';
  if (hasOlder) return undefined;
  if (messages > 0) return isFirstDrawn ? 'beginning' : undefined;
  return pending > 0 ? undefined : 'empty';
}
