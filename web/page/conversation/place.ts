// Where a reader stood in a conversation, kept over a reload in this tab.
import type { Seq } from '@verbatim/client';
import { keyOf } from '../root.ts';
import { ofThisTab } from '../storage.ts';

/**
 * So that a message of this log is so many pixels below the upper edge. Who stood at the end has no place: what is new
 * decides.
 */
export interface Place {
  log: string;
  seq: Seq;
  top: number;
}

const placeOf = (id: string) => keyOf(`place/${id}`);

export function keptPlace(id: string): Place | undefined {
  try {
    return JSON.parse(ofThisTab.getItem(placeOf(id)) ?? 'null') ?? undefined;
  } catch {
    return undefined; // not ours
  }
}

export function keepPlace(id: string, place: Place | undefined): void {
  if (place) ofThisTab.setItem(placeOf(id), JSON.stringify(place));
  else ofThisTab.removeItem(placeOf(id));
}
