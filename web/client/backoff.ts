// How long to wait before the next attempt to connect.
import { closeCode } from './protocol.ts';

const firstWait = 0.5; // seconds
const longestWait = 15; // seconds
const maxBesides = 1; // seconds beside what the server asks for, which spreads a crowd itself

/** The seconds that the server asks for at the end of a close reason, where it is draining or full. */
export function retryAfter(code: number, reason: string): number | undefined {
  if (code === closeCode.policy) return 30; // too many bad requests: the minute must pass
  if (code !== closeCode.draining && code !== closeCode.tryLater) return undefined;
  const asked = /retry_after=([0-9]+(?:\.[0-9]+)?)$/.exec(reason);
  return asked ? Number(asked[1]) : undefined;
}

/**
 * Grows with each failed attempt and never undercuts what the server asked for. The jitter keeps a thousand clients
 * that lost one server from coming back in one instant. `crowd` is what a draining server had asked for where none has
 * been found since: the more sessions it had, the more it asked for, and who finds nobody yet stays as widely spread.
 */
export function retryDelay(attempt: number, asked: number | undefined, random: () => number, crowd = 0): number {
  const grown = Math.min(longestWait, firstWait * 2 ** attempt);
  const jittered = Math.max(grown * (0.5 + random() / 2), Math.min(longestWait, crowd) * random());
  return asked === undefined ? jittered : Math.max(asked + Math.min(asked / 5, maxBesides) * random(), jittered);
}
