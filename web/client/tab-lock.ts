// Which tabs are alive, by Web Locks: each holds a lock of its own, and the browser lets go of it when the tab is gone,
// however it went. Whoever gets a lock that was another tab's is its one heir for as long as it holds it.

/** The part of navigator.locks that is used here. */
export interface Locks {
  request(
    name: string,
    options: { ifAvailable?: boolean; signal?: AbortSignal },
    held: (lock: unknown) => unknown,
  ): Promise<unknown>;
}

export class TabLock {
  private release: () => void = () => {};
  private readonly gone = new AbortController();
  private readonly awaited = new Set<string>();

  constructor(
    private readonly locks: Locks,
    private readonly owner: string,
  ) {}

  /**
   * Holds this tab's own lock until close; says whether it could be had. Storage that is forbidden may forbid locks
   * too.
   */
  hold(): Promise<boolean> {
    return new Promise((resolve) => {
      const held = () => {
        resolve(true);
        return new Promise<void>((release) => (this.release = release));
      };
      this.locks.request(nameOf(this.owner), {}, held).catch(() => resolve(false));
    });
  }

  /** Runs `inherit` now where the owner is gone, and says whether it was. */
  async isGone(owner: string, inherit: () => Promise<void>): Promise<boolean> {
    const got = await this.locks.request(nameOf(owner), { ifAvailable: true }, async (lock) => {
      if (lock) await inherit();
      return lock !== null;
    });
    return got === true;
  }

  /** Runs `inherit` when the owner is gone; asking twice is as asking once. */
  whenGone(owner: string, inherit: () => Promise<void>): void {
    if (this.awaited.has(owner)) return;
    this.awaited.add(owner);
    this.locks
      .request(nameOf(owner), { signal: this.gone.signal }, inherit)
      .catch(() => {}) // closed; or the heir's storage failed, and the next one to look finds it all still there
      .finally(() => this.awaited.delete(owner));
  }

  close(): void {
    this.release();
    this.gone.abort();
  }
}

function nameOf(owner: string): string {
  return `verbatim.outbox/${owner}`;
}
