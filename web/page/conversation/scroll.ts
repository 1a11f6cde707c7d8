// Where the reader stands in the log. At the end it stays at the end; anywhere else what is read stays put,
// whatever comes above or below it.
import { type Anchor, type Extent, extentAround, Heights, rangeAround, rowAt, type Sized } from './extent.ts';

const nearEdge = 20; // px; less than a row: who has scrolled up by one is not taken back to the end
const belowLast = 8; // px below the last row, at least; as in conversation.css
const nearHeld = 900; // px; more is asked for before the reader gets there
const margin = 1_000; // px drawn before and after what can be seen
// px, for who follows what comes: a busy conversation draws all of it anew, many times a second
const marginAtEnd = 400;
const leastMargin = 300; // px; with less than that, more is drawn

export class Scroll {
  /** Whether it follows what comes. */
  atEnd = true;
  /** The rows as they are drawn now. */
  rows: Sized[] = [];
  /** Whether the end of the rows is the end of the conversation. */
  live = true;
  /** The key of a row that what comes must not push out of sight; none where somebody looks. */
  notPast: string | undefined;
  private anchor: Anchor | undefined;
  private top = 0; // of the view, when the anchor was kept
  private untold = false; // it has been scrolled since, of which the browser tells later
  // somewhere else that the reader goes to: drawn as soon as the rows there are
  private goal: 'none' | 'set' | 'drawn' = 'none';
  private drawn: Extent = { from: 0, to: 0, above: 0, below: 0 };
  private width = 0; // of the view, as it was measured last
  private height = 0;
  private readonly heights = new Heights();

  constructor(private readonly view: () => HTMLElement | null) {}

  /** What is to be drawn of these rows. */
  extent(rows: Sized[], live: boolean): Extent {
    this.rows = rows;
    this.live = live;
    this.atEnd &&= live; // there is no end to follow
    if (this.goal === 'set') this.goal = 'drawn';
    this.drawn = extentAround(rows, this.heights, this.start, this.height, this.follows ? marginAtEnd : margin);
    return this.drawn;
  }

  /**
   * What is shown has changed, or the space for it: measures it, puts the reader where they were, and says whether more
   * is to be drawn.
   */
  restore(): boolean {
    const view = this.view()!;
    this.height = view.clientHeight;
    this.measure(view);
    if (this.goal === 'set') return true;
    const went = this.goal === 'drawn';
    const scrolled = went ? 0 : this.scrolledSince(view);
    this.untold = !went && (this.untold || view.scrollTop !== this.top);
    this.goal = 'none';
    if (this.follows) view.scrollTop = view.scrollHeight;
    else this.toAnchor(view, scrolled);
    if (went && this.live && toEnd(view) < 1) this.atEnd = true; // from where one went to, all that follows is in view
    if (this.follows && this.hasPassed(view)) {
      this.standAt(this.notPast!, 0);
      return true;
    }
    this.remember(view);
    return this.needsMore();
  }

  /** The reader has scrolled; reports whether more is to be drawn. */
  moved(): boolean {
    if (this.goes) return true; // the browser tells of a scroll a frame later: this one was before that
    const view = this.view()!;
    // A view that has become lower shows less of the end. Nobody has scrolled away from it: `restore` goes back there.
    if (this.follows && view.clientHeight !== this.height) return true;
    // Where it stands as `restore` left it, the browser tells of that, and nobody has scrolled.
    if (this.untold || view.scrollTop !== this.top) this.atEnd = this.live && toEnd(view) < nearEdge;
    this.untold = false;
    this.remember(view);
    return this.needsMore();
  }

  toEnd(): void {
    this.atEnd = true;
    this.goal = 'set';
    this.anchor = undefined;
  }

  /** Stands so that a row is this many pixels below the upper edge. */
  standAt(key: string, top: number): void {
    this.atEnd = false;
    this.goal = 'set';
    this.anchor = { key, top };
  }

  /**
   * Whether the reader goes somewhere else with the next drawing: what can be seen until then is not what they read.
   */
  get goes(): boolean {
    return this.goal !== 'none';
  }

  /** The row that is read, unless the reader stands at the end. */
  get place(): Anchor | undefined {
    return this.atEnd ? undefined : this.anchor;
  }

  /** The first row in view, also at the end. */
  get first(): Anchor | undefined {
    return this.anchor;
  }

  /** Whether all of the last row is in view. */
  get showsEnd(): boolean {
    return this.live && toEnd(this.view()!) <= belowLast;
  }

  get nearTop(): boolean {
    return this.view()!.scrollTop < nearHeld;
  }

  get nearBottom(): boolean {
    return toEnd(this.view()!) < nearHeld;
  }

  /** The row elements that can be seen. */
  seen(): HTMLElement[] {
    const { top, bottom } = this.view()!.getBoundingClientRect();
    return rowsIn(this.view()!).filter((row) => {
      const box = row.getBoundingClientRect();
      return box.bottom > top && box.top < bottom;
    });
  }

  /** Reports whether the row that must stay in sight is not: its upper edge is above the view. */
  private hasPassed(view: HTMLElement): boolean {
    const index = this.rows.findIndex(({ key }) => key === this.notPast);
    if (index < 0) return false;
    const row = rowsIn(view)[index - this.drawn.from];
    return row === undefined || topIn(view, row) < -1;
  }

  /** The row elements that can be read: their end can be seen, or they fill half of the view. */
  read(): HTMLElement[] {
    const { top, bottom, height } = this.view()!.getBoundingClientRect();
    return this.seen().filter((row) => {
      const box = row.getBoundingClientRect();
      return box.bottom <= bottom + 1 || bottom - Math.max(top, box.top) >= height / 2;
    });
  }

  private measure(view: HTMLElement): void {
    if (view.clientWidth !== this.width) this.heights.clear();
    this.width = view.clientWidth;
    for (const row of rowsIn(view)) this.heights.set(row.dataset.key!, row.getBoundingClientRect().height);
  }

  private toAnchor(view: HTMLElement, scrolled: number): void {
    const row = this.anchor && rowsIn(view).find((each) => each.dataset.key === this.anchor!.key);
    if (row) view.scrollTop += topIn(view, row) - this.anchor!.top + scrolled;
  }

  /**
   * How far the reader has scrolled since the anchor was kept: the browser may not have told yet. Where there is less
   * now, it has moved up to the end by itself.
   */
  private scrolledSince(view: HTMLElement): number {
    const by = view.scrollTop - this.top;
    return by < 0 && toEnd(view) < 1 ? 0 : by;
  }

  /**
   * Keeps the first row that can be seen, and where it is; where none of the drawn ones can, the one that would be
   * there.
   */
  private remember(view: HTMLElement): void {
    const row = rowsIn(view).find((each) => topIn(view, each) + each.offsetHeight > 0);
    const top = row && topIn(view, row);
    this.anchor =
      top !== undefined && top < view.clientHeight
        ? { key: row!.dataset.key!, top }
        : rowAt(this.rows, this.heights, view.scrollTop - listOf(view).offsetTop);
    this.top = view.scrollTop;
  }

  private get follows(): boolean {
    return this.atEnd && this.live;
  }

  /** The row that what is drawn is counted from; none at the end. */
  private get start(): Anchor | undefined {
    return this.follows ? undefined : this.anchor;
  }

  private needsMore(): boolean {
    const needed = rangeAround(this.rows, this.heights, this.start, this.height, leastMargin);
    return needed.from < this.drawn.from || needed.to > this.drawn.to;
  }
}

function listOf(view: HTMLElement): HTMLElement {
  return view.querySelector<HTMLElement>('.rows')!;
}

function rowsIn(view: HTMLElement): HTMLElement[] {
  return [...listOf(view).children] as HTMLElement[];
}

/** How far the view could be scrolled down still. */
function toEnd({ scrollHeight, scrollTop, clientHeight }: HTMLElement): number {
  return scrollHeight - scrollTop - clientHeight;
}

function topIn(view: HTMLElement, row: HTMLElement): number {
  return row.getBoundingClientRect().top - view.getBoundingClientRect().top;
}
