// How one reads a conversation: where it opens, what is asked for as one scrolls, how far it is read, and where the
// keys lead.
import { signal } from '@preact/signals';
import type { Conversation, Message, Seq } from '@verbatim/client';
import { chat, user } from '../state.ts';
import { notify } from '../status/notice.ts';
import { strings } from '../strings.ts';
import { isRead } from '../watched.ts';
import { keepPlace, keptPlace } from './place.ts';
import { type Item, keyOf } from './rows.ts';
import { Scroll } from './scroll.ts';

const held = 1_000; // messages, most, for who scrolls
const heldAtEnd = 150; // messages for who reads at the end
const askAgainAfter = 2_000; // ms, where older or newer messages did not come, or those to open at
const maxTries = 5; // to open at a message, while the connection is there
const belowEdge = 0.3; // of the view's height: where a message that one goes to stands

export class LogController {
  readonly scroll: Scroll;
  /** Counts what asks for a new drawing without any change of the conversation. */
  readonly redraw = signal(0);
  /** Whether what comes is followed, at the end. */
  readonly follows = signal(true);
  /** Whether the place to open at is being looked for. */
  readonly opening = signal(true);
  /** The key of the row that the keyboard is at. */
  readonly current = signal<string | undefined>(undefined);
  /** The key of the row that the pointer or the focus is on. */
  readonly active = signal<string | undefined>(undefined);
  /** When the first message in view was written; empty where its day stands above it. */
  readonly topTime = signal('');
  /** The message that was gone to. */
  readonly target = signal<Seq | undefined>(undefined);
  /** The newest entry that is drawn; the timeline may be ahead of it. */
  drawnLast: Seq = 0;
  items: Item[] = [];
  /** How far the user had read when they came here, known once it is joined. */
  readBefore: { readTo: Seq | undefined } | undefined;
  private opened = false;
  private tries = 0; // to open
  private log: string | undefined; // of which all this is told
  private away = false; // nobody reads what comes: nobody looks, or it was missed and comes all at once
  private seenLast: Seq = 0; // what was drawn when that began
  private passed: Seq = 0; // what was drawn when the reader went to the end, also from a window without the focus
  private focusIsDue = false;
  private focusedBefore: string | undefined; // the key of the row that had the focus before this drawing
  private asked = { edge: 0, at: 0 };

  constructor(
    readonly id: string,
    private readonly view: () => HTMLElement | null,
  ) {
    this.scroll = new Scroll(view);
    this.conversation.mostHeld = held;
  }

  get conversation(): Conversation {
    return chat.conversation(this.id);
  }

  /** The log is about to be drawn again. */
  drawing(): void {
    this.focusedBefore = document.activeElement?.closest<HTMLElement>('.row')?.dataset.key;
    this.noteAway();
  }

  /** The items that are drawn this time. Where nobody reads them, the first new one is not scrolled out of sight. */
  draws(items: Item[]): void {
    this.items = items;
    const { readTo } = this;
    const isNew = (item: Item) => item.kind === 'message' && item.row.firstUnread && item.row.message.seq > readTo;
    this.scroll.notPast = this.away ? items.find(isNew)?.key : undefined;
  }

  /** The log is drawn anew. */
  drawn(): void {
    if (!this.view()) return; // it is gone already
    if (this.scroll.restore()) this.redraw.value++;
    this.focus();
    this.settle();
  }

  /** The connection is lost. What is missed from now on may come before it is drawn that it was. */
  lost(): void {
    this.conversation.heldBack = true;
  }

  scrolled(): void {
    if (!this.view()) return;
    const { atEnd } = this.scroll;
    if (this.scroll.moved()) this.redraw.value++;
    if (!atEnd && this.scroll.atEnd) this.passed = this.drawnLast;
    this.settle();
  }

  toEnd(): void {
    this.passed = this.conversation.newest;
    this.conversation.goToEnd();
    this.scroll.toEnd();
    this.redraw.value++;
  }

  /** Shows a message, wherever in the record it is, and puts the keyboard there. */
  async goTo(seq: Seq): Promise<void> {
    if (!(await this.conversation.goTo(seq))) return notify(strings.message.unreachable);
    this.standAt(seq, this.view()!.clientHeight * belowEdge);
    this.target.value = seq;
    this.current.value = this.keyAt(seq);
    this.focusIsDue = true;
  }

  /** Moves the keyboard by so many rows. */
  move(by: number): void {
    const { rows } = this.scroll;
    const from = this.keyboardAt();
    if (from === undefined) {
      const seen = this.scroll.seen();
      return this.putKeyboardAt((by > 0 ? seen[0] : seen.at(-1))?.dataset.key);
    }
    const start = rows.findIndex((row) => row.key === from);
    this.putKeyboardAt(rows[Math.max(0, Math.min(rows.length - 1, start + by))]?.key);
  }

  async toStart(): Promise<void> {
    await this.conversation.goTo(1);
    const first = this.conversation.timeline.messages[0];
    if (!first) return;
    this.standAt(first.seq, 0);
    this.putKeyboardAt(this.keyAt(first.seq));
  }

  toNewest(): void {
    this.toEnd();
    const newest = this.conversation.timeline.messages.at(-1);
    if (newest) this.putKeyboardAt(this.keyAt(newest.seq));
  }

  /**
   * Keeps the place of who reads before the end. At the end there is none: the conversation opens at what is new by
   * then.
   */
  keep(): void {
    if (this.opening.value) return;
    const { place } = this.scroll;
    const item = this.items.find(({ key }) => key === place?.key);
    const { log } = this.conversation;
    if (place && item?.kind === 'message' && log !== undefined)
      keepPlace(this.id, { log, seq: item.row.message.seq, top: Math.round(place.top) });
    else keepPlace(this.id, undefined);
  }

  /** What comes while nobody reads is new to the next look: the line "New" stands before it. */
  private noteAway(): void {
    const { log, newest } = this.conversation;
    if (log !== this.log) this.beginsLog(log);
    const read = isRead();
    const away = !this.opening.peek() && !(read && this.isCaughtUp);
    if (away && !this.away) this.seenLast = this.drawnLast;
    this.away = away;
    if (away && newest > Math.max(this.seenLast, this.passed)) this.readBefore = { readTo: this.readTo };
  }

  /** Another record has other messages under the seqs that were drawn and read: none of them counts for it. */
  private beginsLog(log: string | undefined): void {
    this.log = log;
    this.away = false;
    this.drawnLast = this.seenLast = this.passed = 0;
  }

  /** How far it is read, or was gone past, as far as is known: who has no mark yet has read what was there. */
  private get readTo(): Seq {
    return Math.max(this.conversation.readTo ?? this.seenLast, this.passed);
  }

  /** Whether all is drawn that was there when it was joined last. Before that, what comes was missed. */
  private get isCaughtUp(): boolean {
    return this.drawnLast >= this.conversation.lastAtJoin;
  }

  /** How many messages are new to the reader. */
  get unread(): number {
    const { newest, readTo = this.readBefore?.readTo ?? newest } = this.conversation;
    return newest - readTo;
  }

  /** The row that has the focus, or is about to get it. */
  private keyboardAt(): string | undefined {
    const key = this.current.value;
    return key !== undefined && (this.focusIsDue || this.rowOf(key) === document.activeElement) ? key : undefined;
  }

  private putKeyboardAt(key: string | undefined): void {
    if (key === undefined) return;
    this.current.value = key;
    this.focusIsDue = true;
    this.redraw.value++;
    if (!this.rowOf(key) && key !== this.scroll.rows.at(-1)?.key) this.scroll.standAt(key, 0);
  }

  private focus(): void {
    const row = this.rowOf(this.focusIsDue ? this.current.value : this.focusThatWasLost());
    if (!row) return;
    row.focus({ preventScroll: true });
    if (this.focusIsDue) row.scrollIntoView({ block: 'nearest' });
    this.focusIsDue = false;
  }

  /** Another element took a row's place, as one's own message does when it is recorded: the keyboard stays there. */
  private focusThatWasLost(): string | undefined {
    return document.activeElement === document.body ? this.focusedBefore : undefined;
  }

  private rowOf(key: string | undefined): HTMLElement | undefined {
    return key === undefined
      ? undefined
      : [...this.view()!.querySelectorAll<HTMLElement>('.row')].find((row) => row.dataset.key === key);
  }

  private keyAt(seq: Seq): string {
    const message: Message | undefined = this.conversation.timeline.find(seq);
    return message ? keyOf(user.value, message.from, message.id, seq) : `seq ${seq}`;
  }

  private standAt(seq: Seq, top: number): void {
    this.scroll.standAt(this.keyAt(seq), top);
    this.redraw.value++;
  }

  /** Asks for what is needed next, and says how far it is read. */
  private settle(): void {
    const { conversation, scroll } = this;
    const { timeline } = conversation;
    if (this.opening.value) return this.open();
    if (scroll.goes) return;
    this.follows.value = scroll.atEnd && timeline.live;
    const isReadThere = scroll.atEnd && !this.away && conversation.joined && this.isCaughtUp;
    conversation.heldBack = !isReadThere; // what was missed keeps its beginning, also where it comes before it is drawn
    if (scroll.atEnd && timeline.live && timeline.messages.length > 2 * heldAtEnd) timeline.trim(heldAtEnd);
    this.topTime.value = this.timeOnTop();
    this.loadMore();
    if (isRead() && this.isCaughtUp) conversation.markRead(this.readLast());
  }

  private timeOnTop(): string {
    const { first } = this.scroll;
    const item = first && this.items.find(({ key }) => key === first.key);
    return item?.kind === 'message' && !(item.row.newDay && first!.top >= 0) ? item.row.message.time : '';
  }

  private loadMore(): void {
    const { conversation, scroll } = this;
    const { timeline, newest } = conversation;
    if (timeline.last < newest) return; // what was missed is still coming
    if (scroll.nearTop && timeline.hasOlder && this.mayAsk(timeline.first)) conversation.loadOlder();
    if (scroll.nearBottom && !timeline.live && this.mayAsk(timeline.end)) conversation.loadNewer();
  }

  /** A page that did not come is asked for again, and not at every frame. */
  private mayAsk(edge: Seq): boolean {
    const now = Date.now();
    if (this.asked.edge === edge && now - this.asked.at < askAgainAfter) return false;
    this.asked = { edge, at: now };
    return true;
  }

  /** The newest entry that has been read: all of them where the last row is in view, what is no message too. */
  private readLast(): Seq {
    if (this.follows.value && this.scroll.showsEnd) return this.drawnLast;
    return Number(this.scroll.read().findLast((row) => row.dataset.seq !== undefined)?.dataset.seq ?? 0);
  }

  /**
   * Opens where the reader was, or at the first message that is new, or at the end: once, as soon as that can be known.
   */
  private open(): void {
    const { conversation } = this;
    if (this.opened || !conversation.joined || this.drawnLast < conversation.newest) return;
    this.opened = true;
    this.readBefore = { readTo: conversation.readTo };
    void this.findPlace().then((found) => {
      if (!found && !(conversation.joined && ++this.tries >= maxTries)) return this.openLater();
      this.opening.value = false;
      this.redraw.value++;
    });
  }

  /** What it is to open at could not be had: without a connection as soon as it is joined again, else in a while. */
  private openLater(): void {
    const again = () => {
      this.opened = false;
      this.redraw.value++;
    };
    if (this.conversation.joined) setTimeout(again, askAgainAfter);
    else again();
  }

  /** Reports whether it stands where it is to open; the end is where nothing is to be found. */
  private async findPlace(): Promise<boolean> {
    const { conversation } = this;
    const { newest, readTo = newest, log } = conversation;
    const stands = async (seq: Seq, top: number) => {
      if (!(await conversation.goTo(seq))) return false;
      this.standAt(seq, top);
      return true;
    };
    const place = keptPlace(this.id);
    const isKept = place !== undefined && place.log === log && place.seq <= newest;
    if (isKept && (await stands(place.seq, place.top))) return true;
    if (readTo < newest && (await stands(readTo + 1, 0))) return true;
    return !isKept && readTo >= newest;
  }
}
