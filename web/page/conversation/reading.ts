// How one reads a conversation: where it opens, what is asked for as one scrolls, how far it is read, and where the keys lead.
import { signal } from '@preact/signals';
import type { Conversation, Message, Seq } from '@verbatim/client';
import { chat, user } from '../state.ts';
import { notify } from '../status/notices.tsx';
import { strings } from '../strings.ts';
import { keepPlace, keptPlace } from './place.ts';
import { keyOf, type Item } from './rows.ts';
import { Scroll } from './scroll.ts';

const held = 1_000; // messages, most, for who scrolls
const heldAtEnd = 150; // messages for who reads at the end
const askAgainAfter = 2_000; // ms, where older or newer messages did not come
const belowEdge = 0.3; // of the view's height: where a message that one goes to stands

export class Reading {
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
  /** When the first message in view was written; empty at the end, where the day is plain. */
  readonly topTime = signal('');
  /** The message that was gone to. */
  readonly target = signal<Seq | undefined>(undefined);
  /** The newest entry that is drawn; the timeline may be ahead of it. */
  drawnLast: Seq = 0;
  items: Item[] = [];
  /** How far the user had read when they came here, known once it is joined. */
  readBefore: { readTo: Seq | undefined } | undefined;
  private opened = false;
  private away = false; // nobody looks at the window
  private focusIsDue = false;
  private focusedBefore: string | undefined; // the key of the row that had the focus before this drawing
  private asked = { edge: 0, at: 0 };

  constructor(readonly id: string, private readonly view: () => HTMLElement | null) {
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

  /** The items that are drawn this time. Where nobody looks, the first that is new is not scrolled out of sight. */
  draws(items: Item[]): void {
    this.items = items;
    const fresh = this.away ? items.find((item) => item.kind === 'message' && item.row.firstUnread) : undefined;
    this.scroll.notPast = fresh?.key;
  }

  /** The log is drawn anew. */
  drawn(): void {
    if (!this.view()) return; // it is gone already
    if (this.scroll.restore()) this.redraw.value++;
    this.focus();
    this.settle();
  }

  scrolled(): void {
    if (!this.view()) return;
    if (this.scroll.moved()) this.redraw.value++;
    this.settle();
  }

  toEnd(): void {
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

  /** Keeps the place of who reads before the end. At the end there is none: the conversation opens at what is new by then. */
  keep(): void {
    if (this.opening.value) return;
    const { place } = this.scroll;
    const item = this.items.find(({ key }) => key === place?.key);
    const { log } = this.conversation;
    if (place && item?.kind === 'message' && log !== undefined) keepPlace(this.id, { log, seq: item.row.message.seq, top: Math.round(place.top) });
    else keepPlace(this.id, undefined);
  }

  /** What comes while nobody looks is new to whoever looks next: the line "New" stands before it. */
  private noteAway(): void {
    const { readTo, newest } = this.conversation;
    this.away = !this.opening.peek() && !document.hasFocus();
    if (this.away && readTo !== undefined && readTo < newest) this.readBefore = { readTo };
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
    return key === undefined ? undefined : [...this.view()!.querySelectorAll<HTMLElement>('.row')].find((row) => row.dataset.key === key);
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
    conversation.heldBack = !scroll.atEnd;
    if (scroll.atEnd && timeline.live && timeline.messages.length > 2 * heldAtEnd) timeline.trim(heldAtEnd);
    this.topTime.value = this.timeAt(scroll.place?.key);
    this.loadMore();
    if (document.hasFocus()) conversation.markRead(this.seenLast());
  }

  private timeAt(key: string | undefined): string {
    const item = key === undefined ? undefined : this.items.find((each) => each.key === key);
    return item?.kind === 'message' ? item.row.message.time : '';
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

  private seenLast(): Seq {
    if (this.follows.value) return this.drawnLast;
    return Number(this.scroll.read().findLast((row) => row.dataset.seq !== undefined)?.dataset.seq ?? 0);
  }

  /** Opens where the reader was, or at the first message that is new, or at the end: once, as soon as that can be known. */
  private open(): void {
    const { conversation } = this;
    if (this.opened || !conversation.joined || conversation.timeline.last < conversation.newest) return;
    this.opened = true;
    this.readBefore = { readTo: conversation.readTo };
    void this.findPlace().finally(() => {
      this.opening.value = false;
      this.redraw.value++;
    });
  }

  private async findPlace(): Promise<void> {
    const { conversation } = this;
    const place = keptPlace(this.id);
    if (place && place.log === conversation.log && (await conversation.goTo(place.seq))) return this.standAt(place.seq, place.top);
    const unread = conversation.readTo !== undefined && conversation.readTo < conversation.newest ? conversation.readTo + 1 : undefined;
    if (unread !== undefined && (await conversation.goTo(unread))) this.standAt(unread, 0);
  }
}
