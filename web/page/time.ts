// Times as people write them, in the reader's own time zone and language.
import { strings } from './strings.ts';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const fullDate = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const shortDate = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

export function clockTime(time: string | number): string {
  return clock.format(new Date(time));
}

export function exactTime(time: string | number): string {
  return fullDate.format(new Date(time));
}

/** Names the day, for the line between two of them. */
export function dayOf(time: string, now = new Date()): string {
  const date = new Date(time);
  if (sameDay(date, now)) return strings.time.today;
  if (sameDay(date, new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1))) return strings.time.yesterday;
  return dayName.format(date);
}

/** The clock for today, the date for any other day. */
export function briefly(time: string, now = new Date()): string {
  const date = new Date(time);
  return sameDay(date, now) ? clock.format(date) : shortDate.format(date);
}

export function sameDay(a: Date, b: Date): boolean {
  return a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();
}
