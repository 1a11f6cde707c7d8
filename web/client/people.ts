// Who is in a conversation, who is typing and who has read how far. None of it is on the record.
import type { Timer } from './page-connection.ts';
import type { Joined, Presence, Seq } from './protocol.ts';

const typingLasts = 5_000; // ms
const typingMayLag = 1_000; // ms; it travels beside the messages, and may come after the one that was typed

export class People {
  /** Names, where the server lists them; a large conversation has a count alone. */
  online: string[] = [];
  count = 0;
  reads: Record<string, Seq> = {};
  private readonly wrote = new Map<string, number>(); // when their newest message came, by user
  private readonly typists = new Map<string, Timer>(); // by user

  constructor(private readonly onChange: () => void) {}

  join(joined: Joined): void {
    this.online = joined.online ?? [];
    this.count = joined.count ?? this.online.length;
    this.reads = joined.reads ?? {};
  }

  presence(frame: Presence): void {
    if (frame.online) this.online = frame.online;
    else if (frame.user !== undefined) this.cameOrWent(frame.user, frame.event === 'joined');
    else this.online = []; // too many to name
    this.count = frame.count ?? this.online.length;
    this.onChange();
  }

  typing(user: string): void {
    if (Date.now() - (this.wrote.get(user) ?? 0) < typingMayLag) return;
    clearTimeout(this.typists.get(user));
    this.typists.set(
      user,
      setTimeout(() => this.stopped(user), typingLasts),
    );
    this.onChange();
  }

  /** A message of theirs has come: that is what they were typing. */
  said(user: string): void {
    this.wrote.set(user, Date.now());
    this.stopped(user);
  }

  get whoTypes(): string[] {
    return [...this.typists.keys()];
  }

  private stopped(user: string): void {
    clearTimeout(this.typists.get(user));
    if (this.typists.delete(user)) this.onChange();
  }

  read(user: string, seq: Seq): void {
    this.reads[user] = Math.max(this.reads[user] ?? 0, seq);
    this.onChange();
  }

  /**
   * Nobody can be heard to stop typing any more. Who is there is told anew with the next join; until then it stays as
   * it was.
   */
  disconnected(): void {
    for (const user of this.whoTypes) this.stopped(user);
  }

  clear(): void {
    this.disconnected();
    this.wrote.clear();
    this.online = [];
    this.count = 0;
    this.reads = {};
  }

  private cameOrWent(user: string, came: boolean): void {
    const others = this.online.filter((name) => name !== user);
    this.online = came ? [...others, user].sort() : others;
    if (!came) this.stopped(user);
  }
}
