// How often what changes without end is drawn: at once after a silence, and else so seldom that most of the time is
// left for keys. What somebody waits for is drawn at once.

const least = 80; // ms between two drawings
const share = 4; // a drawing takes at most one part in so many of the time
const most = 500; // ms

/** Calls back with how long the next frame's work took, in ms. A hidden page has no frames: then it never does. */
type Measure = (took: (milliseconds: number) => void) => void;

export class Throttle {
  private changed = new Set<string>(); // since they were told last
  private timer: ReturnType<typeof setTimeout> | undefined;
  private took = 0; // ms, the last drawing

  constructor(
    private readonly tell: (changed: ReadonlySet<string>) => void,
    private readonly measure: Measure = measureFrame,
  ) {}

  /** Something has changed; that is told now, or soon together with what changes meanwhile. */
  note(id: string): void {
    this.changed.add(id);
    if (this.timer === undefined) this.tellAll();
  }

  /** Something has changed that somebody waits for: it is told now, with all that waits. */
  now(id: string): void {
    clearTimeout(this.timer);
    this.changed.add(id);
    this.tellAll();
  }

  private tellAll(): void {
    this.timer = undefined;
    if (this.changed.size === 0) return;
    this.timer = setTimeout(() => this.tellAll(), Math.min(most, Math.max(least, share * this.took)));
    this.measure((milliseconds) => (this.took = milliseconds));
    const changed = this.changed;
    this.changed = new Set(); // what changes as these are told comes next
    this.tell(changed);
  }
}

function measureFrame(took: (milliseconds: number) => void): void {
  requestAnimationFrame(() => {
    const begun = performance.now();
    setTimeout(() => took(performance.now() - begun)); // once it is laid out and painted
  });
}
