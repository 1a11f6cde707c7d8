// How far the user has read: here at once, and on the server where it takes it. A mark that it refuses is taken back.
import type { Seq } from './protocol.ts';

const maxInDoubt = 16; // marks that may still be refused; there is no answer to one that is taken

export class ReadMark {
  /** As it is shown here; nothing where there is none. */
  seq: Seq | undefined;
  private sure: Seq | undefined; // what the server said, or has not refused
  private told: Seq[] = []; // what it was told since, and may still refuse

  /** Moves it forward, and reports whether that moved it. */
  move(seq: Seq): boolean {
    if (seq <= (this.seq ?? 0)) return false;
    this.seq = seq;
    return true;
  }

  /** The server is being told of it. */
  tell(): Seq {
    const seq = this.seq!;
    this.told.push(seq);
    if (this.told.length > maxInDoubt) this.sure = further(this.sure, this.told.shift());
    return seq;
  }

  /** The server has refused a mark: what it has not refused holds. */
  takeBack(seq: Seq): void {
    this.told = this.told.filter((one) => one !== seq);
    if (this.seq === seq) this.seq = further(this.sure, this.told.at(-1));
  }

  /** The server says its mark with a join; reports whether what was read meanwhile goes further, and is to be told. */
  join(read: Seq | undefined, last: Seq): boolean {
    const seen = Math.min(this.seq ?? 0, last);
    this.told = [];
    this.seq = this.sure = read;
    if (seen <= (read ?? 0)) return false;
    this.seq = seen;
    return true;
  }

  /** Another session of the same user has read on. */
  elsewhere(seq: Seq): void {
    this.sure = further(this.sure, seq);
    this.seq = further(this.seq, seq);
  }

  forget(): void {
    this.seq = this.sure = undefined;
    this.told = [];
  }
}

/** The mark that stands further on; nothing where there is none. */
function further(one: Seq | undefined, other: Seq | undefined): Seq | undefined {
  return one === undefined || (other ?? 0) > one ? other : one;
}
