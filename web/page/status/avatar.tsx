// A coloured letter for a person: the same colour for the same name everywhere.
const hues = 8; // as many as theme.css has

export function Avatar({ name }: { name: string }) {
  const letter = [...name.trim()][0]?.toUpperCase() ?? '?';
  return <span class={`avatar hue-${hueOf(name)}`} aria-hidden="true">{letter}</span>;
}

export function hueOf(name: string): number {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)!) % 65_521;
  return hash % hues;
}
