// All conversations of the server that begin with some letters: by id, a page at a time.

export interface Listed {
  id: string;
  last: number;
  time?: string;
  online: number;
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
  private prefix = '';
  private asking: Promise<void> | undefined;
  private turn = 0; // tells the answer to the newest search from those to older ones

  constructor(private readonly options: CatalogueOptions) {}

  /** Looks anew, for ids that begin so. What was found before stays until the answer is there. */
  search(prefix: string): Promise<void> {
    this.prefix = prefix;
    const turn = ++this.turn;
    return (this.asking = this.page('').then((page) => {
      if (turn !== this.turn) return;
      this.asking = undefined;
      this.failed = page === undefined;
      this.found = page?.conversations ?? [];
      this.hasMore = page?.more ?? false;
      this.options.onChange();
    }));
  }

  /** Goes on where the newest page ended; nothing while one is on its way. */
  async more(): Promise<void> {
    if (this.asking || !this.hasMore) return;
    const turn = this.turn;
    this.asking = this.page(this.found.at(-1)?.id ?? '').then((page) => {
      if (turn !== this.turn) return;
      this.asking = undefined;
      this.failed = page === undefined;
      this.hasMore = page?.more ?? false;
      this.found = [...this.found, ...(page?.conversations ?? [])];
      this.options.onChange();
    });
    await this.asking;
  }

  /** Looks anew where that costs one page: who has read on keeps what they have. */
  refresh(): Promise<void> | undefined {
    return this.asking || this.found.length > pageSize ? undefined : this.search(this.prefix);
  }

  private async page(after: string): Promise<{ conversations?: Listed[]; more?: boolean } | undefined> {
    const query = new URLSearchParams({ limit: String(pageSize), ...(this.prefix && { prefix: this.prefix }), ...(after && { after }) });
    try {
      const response = await this.options.fetch(`api/conversations?${query}`);
      return response.ok ? ((await response.json()) as { conversations?: Listed[]; more?: boolean }) : undefined;
    } catch {
      return undefined; // no network: the banner tells of it
    }
  }
}
