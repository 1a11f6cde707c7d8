// The colours of names. A name has the same one wherever it can; within a small conversation no two names share one.
const hues = 16; // as many as theme.css has
const maxRooms = 200; // conversations whose colours are remembered

const rooms = new Map<string, Map<string, number>>(); // by conversation and name

/** The colour of a name by itself. */
export function hueOf(name: string): number {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)!) % 65_521;
  return hash % hues;
}

/** The style of what is in a colour: the style sheets read `--hue`. */
export const inHue = (hue: number) => ({ '--hue': `var(--hue-${hue})` });

/**
 * The colour of a name within a conversation: its own where nobody there has one that looks like it, else the least
 * like theirs.
 */
export function hueIn(room: string, name: string): number {
  const taken = namesIn(room);
  const known = taken.get(name);
  if (known !== undefined) return known;
  const own = hueOf(name);
  const hue = taken.size < hues ? farFrom([...taken.values()], own) : own;
  if (taken.size < hues) taken.set(name, hue); // a crowd's names are not kept
  return hue;
}

/**
 * The hue that one would have, where that is at least half as far from those taken as any can be; else the farthest.
 */
function farFrom(taken: number[], own: number): number {
  const distance = (hue: number) =>
    Math.min(...taken.map((other) => Math.min((hue - other + hues) % hues, (other - hue + hues) % hues)), hues);
  const best = Array.from({ length: hues }, (_, step) => (own + step) % hues).reduce((a, b) =>
    distance(b) > distance(a) ? b : a,
  );
  return 2 * distance(own) >= distance(best) && distance(own) > 0 ? own : best;
}

function namesIn(room: string): Map<string, number> {
  let names = rooms.get(room);
  if (!names) rooms.set(room, (names = new Map()));
  if (rooms.size > maxRooms) rooms.delete(rooms.keys().next().value!);
  return names;
}
