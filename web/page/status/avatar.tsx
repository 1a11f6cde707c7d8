// A coloured letter for a person.
import { h } from 'preact';
import { letterOf } from '../graphemes.ts';
import { hueIn, hueOf, inHue } from './hues.ts';

/** `room` is the conversation in which the person is shown, where it is in one. */
export function Avatar({ name, room }: { name: string; room?: string }) {
  const hue = room === undefined ? hueOf(name) : hueIn(room, name);
  return (
    <span class="avatar" style={inHue(hue)} aria-hidden="true">
      {letterOf(name)}
    </span>
  );
}
