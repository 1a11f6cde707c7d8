// For tests: a log of rows with heights, scrolled as a browser does it: never beyond its ends, and told of only later.
import { Scroll } from './scroll.ts';

const padding = 8; // px below the last row, as in conversation.css

export interface LaidRow {
  key: string;
  height: number;
  seq?: number;
}

export class View {
  clientWidth = 600;
  height: number;
  rows: LaidRow[] = [];
  drawn: { from: number; to: number; above: number; below: number } = { from: 0, to: 0, above: 0, below: 0 };
  private scrolledTo = 0;
  private toTell = false; // of a scroll

  constructor(height: number) {
    this.height = height;
  }

  get clientHeight(): number {
    return this.height;
  }

  get scrollHeight(): number {
    const { from, to, above, below } = this.drawn;
    return Math.max(this.height, above + sum(this.rows.slice(from, to)) + below + padding);
  }

  get scrollTop(): number {
    return Math.max(0, Math.min(this.scrolledTo, this.scrollHeight - this.height));
  }

  set scrollTop(top: number) {
    const before = this.scrollTop;
    this.scrolledTo = top;
    this.scrolledTo = this.scrollTop;
    if (this.scrolledTo !== before) this.toTell = true;
  }

  getBoundingClientRect() {
    return { top: 0, bottom: this.height, height: this.height };
  }

  querySelector() {
    return { children: this.elements(), offsetTop: 0 };
  }

  querySelectorAll() {
    return this.elements();
  }

  /** Reports once whether the browser has a scroll to tell of. */
  tells(): boolean {
    const tells = this.toTell;
    this.toTell = false;
    return tells;
  }

  private elements() {
    const { from, to, above } = this.drawn;
    return this.rows.slice(from, to).map(({ key, height, seq }, index) => {
      const top = above + sum(this.rows.slice(from, from + index)) - this.scrollTop;
      return {
        dataset: { key, ...(seq !== undefined && { seq: String(seq) }) },
        offsetHeight: height,
        getBoundingClientRect: () => ({ top, bottom: top + height, height }),
      };
    });
  }
}

const sum = (rows: LaidRow[]) => rows.reduce((all, { height }) => all + height, 0);

/** A scroll in a view, drawn as often as it asks for it. */
export class Scrolled {
  readonly view: View;
  readonly scroll: Scroll;
  live = true;

  constructor(height: number) {
    this.view = new View(height);
    this.scroll = new Scroll(() => this.view as unknown as HTMLElement);
  }

  /** Draws these rows, and again until nothing changes any more; reports whether that came to be. */
  draws(rows: LaidRow[] = this.view.rows): boolean {
    this.view.rows = rows;
    for (let turn = 0; turn < 20; turn++) {
      this.view.drawn = this.scroll.extent(
        rows.map(({ key }) => ({ key, guess: 40 })),
        this.live,
      );
      const more = this.scroll.restore();
      const told = this.view.tells();
      if (!(told && this.scroll.moved()) && !more) return true;
    }
    return false;
  }

  scrollsTo(top: number): void {
    this.view.scrollTop = top;
    if (this.view.tells() && this.scroll.moved()) this.draws();
  }

  /** The keys of the rows that are in view as a whole. */
  whole(): string[] {
    const isWhole = ({ top, bottom }: DOMRect) => top >= -1 && bottom <= this.view.height + 1;
    return this.scroll
      .seen()
      .filter((row) => isWhole(row.getBoundingClientRect()))
      .map((row) => row.dataset.key!);
  }

  get toEnd(): number {
    const { scrollHeight, scrollTop, clientHeight } = this.view;
    return scrollHeight - scrollTop - clientHeight;
  }
}

export const rowsTo = (last: number, height = 40): LaidRow[] =>
  Array.from({ length: last }, (_, index) => ({ key: `seq ${index + 1}`, height, seq: index + 1 }));
