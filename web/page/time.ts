// Times as people write them, in the reader's own time zone and language.
import { signal } from '@preact/signals';
import { strings } from './strings.ts';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const fullDate = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const shortDate = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

/** The day that it is. Who shows "Today" reads it, to be drawn again when that is another one. */
export const today = signal(new Date().toDateString());

/** Keeps `today`: at midnight, and when somebody looks, for a machine that slept has missed it. */
export function keepToday(): void {
  const look = () => (today.value = new Date().toDateString());
  const lookAtMidnight = () => {
    look();
    const now = new Date();
    const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1);
    setTimeout(lookAtMidnight, midnight.getTime() - now.getTime());
  };
  lookAtMidnight();
  addEventListener('focus', look);
  document.addEventListener('visibilitychange', look);
}

let ahead = 0; // ms that the server's clock is ahead of this one

/** The server says what time it is. */
export function serverSays(now: string): void {
  const time = Date.parse(now);
  if (!Number.isNaN(time)) ahead = time - Date.now();
}

/** The time as the server has it, by which messages are dated. */
export const serverNow = () => new Date(Date.now() + ahead);

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
  void today.value; // whoever shows it is drawn again with the next day
  const date = new Date(time);
  return sameDay(date, now) ? clock.format(date) : shortDate.format(date);
}

export function sameDay(a: Date, b: Date): boolean {
  return a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();
}
