// The conversations of the server with some letters in their name: those that begin so, then the others, by id, a page
// at a time.

export interface Listed {
  id: string;
  last: number;
  time?: string;
  online: number;
}

interface Page {
  conversations: Listed[];
  more: boolean;
}

export interface CatalogueOptions {
  /** Asks for an address below the page's own. */
  fetch(address: string): Promise<{ ok: boolean; json(): Promise<unknown> }>;
  onChange(): void;
}

const pageSize = 100;

export class Catalogue {
  found: Listed[] = [];
  hasMore = false;
  failed = false;
  private sought = '';
  private asking: Promise<void> | undefined;
  private read = ''; // the last id that was read of those with the letters anywhere
  private further = false; // pages beyond the first were read
  private turn = 0; // tells the answer to the newest search from those to older ones

  constructor(private readonly options: CatalogueOptions) {}

  /** Looks again, for ids with these letters. What was found before stays until the answer is there. */
  search(sought: string): Promise<void> {
    this.sought = sought;
    this.further = false;
    const pages = [this.page({ contains: sought }), ...(sought ? [this.page({ prefix: sought })] : [])];
    return this.answered(Promise.all(pages), ([page, beginning]) => {
      this.found = [];
      this.take(beginning);
      this.take(page);
    });
  }

  /** Resolves once what has these letters is found, or cannot be. */
  async settled(sought: string): Promise<void> {
    await (sought === this.sought && !this.failed ? this.asking : this.search(sought));
  }

  /** Goes on where the newest page ended; nothing while one is on its way. */
  async more(): Promise<void> {
    if (this.asking || !this.hasMore) return;
    this.further = true;
    await this.answered(Promise.all([this.page({ contains: this.sought, after: this.read })]), ([page]) =>
      this.take(page),
    );
  }

  /** Notes that pages are on their way, and does what is to be done with them unless another search began since. */
  private answered(pages: Promise<(Page | undefined)[]>, then: (pages: (Page | undefined)[]) => void): Promise<void> {
    const turn = ++this.turn;
    return (this.asking = pages.then((pages) => {
      if (turn !== this.turn) return;
      this.asking = undefined;
      this.failed = pages.includes(undefined);
      this.hasMore = pages[0]?.more ?? false;
      then(pages);
      this.read = pages[0]?.conversations.at(-1)?.id ?? this.read;
      this.options.onChange();
    }));
  }

  private take(page: Page | undefined): void {
    const known = new Set(this.found.map(({ id }) => id));
    this.found = [...this.found, ...(page?.conversations ?? []).filter(({ id }) => !known.has(id))];
  }

  /** Looks again, unless pages beyond the first were read: those stay. */
  refresh(): Promise<void> | undefined {
    return this.asking || this.further ? undefined : this.search(this.sought);
  }

  private async page(asked: { prefix?: string; contains?: string; after?: string }): Promise<Page | undefined> {
    const query = new URLSearchParams({ limit: String(pageSize) });
    for (const [name, value] of Object.entries(asked)) if (value) query.set(name, value);
    try {
      const response = await this.options.fetch(`api/conversations?${query}`);
      return response.ok ? ((await response.json()) as Page) : undefined;
    } catch {
      return undefined; // no network: the banner tells of it
    }
  }
}
