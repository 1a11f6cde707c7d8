// Where the reader stands in the log. At the bottom it stays at the bottom; anywhere else what is read stays put,
// whatever comes above or below it.
const nearBottom = 48; // px
const nearTop = 600; // px; older messages are asked for before the reader gets there

export class Scroll {
  atBottom = true;
  private anchor: { row: HTMLElement; top: number } | undefined;

  constructor(private readonly view: HTMLElement) {}

  /** The reader has scrolled. */
  moved(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.view;
    this.atBottom = scrollHeight - scrollTop - clientHeight < nearBottom;
    this.remember();
  }

  /** What is shown has changed, or the space for it. */
  restore(): void {
    if (this.atBottom) this.toBottom();
    else if (this.anchor?.row.isConnected) this.view.scrollTop += topOf(this.anchor.row) - this.anchor.top;
    this.remember();
  }

  toBottom(): void {
    this.atBottom = true;
    this.view.scrollTop = this.view.scrollHeight;
  }

  get nearTop(): boolean {
    return this.view.scrollTop < nearTop;
  }

  /** Keeps the first row that can be seen, and where it is. */
  private remember(): void {
    const edge = this.view.getBoundingClientRect().top;
    const row = [...this.view.querySelectorAll<HTMLElement>('[data-seq]')].find((each) => each.getBoundingClientRect().bottom > edge);
    this.anchor = row && { row, top: topOf(row) };
  }
}

function topOf(row: HTMLElement): number {
  return row.getBoundingClientRect().top;
}
