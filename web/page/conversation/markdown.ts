// Markdown as tokens. They are drawn by an allow-list (markdown.tsx), so what comes out of here cannot do harm; it can only
// be slow, and that is what the bounds are for. A text that is over them is no Markdown, and is shown as it was typed.
import { Lexer, Tokenizer, type Token, type Tokens, type TokensList } from 'marked';

const deepest = 20; // quotes in lists in quotes
const mostWork = 2e7; // the sum of the squares of the lengths that are looked at: marked backs up within a run, at worst all of it for each letter
const mostRead = 30; // times its length that a text may be looked at, for what is nested is looked at again on each level

class TooMuch extends Error {}

/** Reads what is indented as it was typed, and not as code: people indent for many reasons. */
class PlainIndent extends Tokenizer {
  override code(): undefined {}
}

class BoundedLexer extends Lexer {
  private depth = 0;
  private work = 0;
  private read = 0;

  constructor(private readonly length: number) {
    super({ gfm: true, tokenizer: new PlainIndent() });
  }

  override blockTokens(src: string, tokens: Token[] = [], clipped = false): TokensList {
    return this.deeper(src.length, 0, () => super.blockTokens(src, tokens, clipped)) as TokensList;
  }

  override inlineTokens(src: string, tokens: Token[] = []): Token[] {
    return this.deeper(src.length, src.length ** 2, () => super.inlineTokens(src, tokens));
  }

  private deeper(length: number, work: number, read: () => Token[]): Token[] {
    this.read += length;
    this.work += work;
    if (++this.depth > deepest || this.work > mostWork || this.read > mostRead * this.length + 1_000) throw new TooMuch();
    const tokens = read();
    this.depth--;
    return tokens;
  }
}

/** The tokens of a text; nothing where it is no Markdown that can be read in bounded time. */
export function tokensOf(text: string): Token[] | undefined {
  try {
    return new BoundedLexer(text.length).lex(text);
  } catch (error) {
    if (error instanceof TooMuch) return undefined;
    throw error;
  }
}

/** The words of a text in one line, without the marks. */
export function plainOf(text: string): string {
  const tokens = tokensOf(text);
  return (tokens ? wordsOf(tokens) : text).replace(/\s+/g, ' ').trim();
}

function wordsOf(tokens: Token[]): string {
  return tokens.map((token) => {
    const inner = partsOf(token);
    const words = inner ? wordsOf(inner) : token.type === 'text' || token.type.startsWith('code') || token.type === 'escape' ? (token as Tokens.Text).text : token.raw;
    return isBlock.has(token.type) ? `${words} ` : words;
  }).join('');
}

const isBlock = new Set(['paragraph', 'heading', 'blockquote', 'code', 'list', 'list_item', 'table', 'cell']);

function partsOf(token: Token): Token[] | undefined {
  if (token.type === 'list') return (token as Tokens.List).items;
  if (token.type !== 'table') return (token as Tokens.Generic).tokens;
  const { header, rows } = token as Tokens.Table;
  return [header, ...rows].flat().map((cell) => ({ type: 'cell', raw: cell.text, tokens: cell.tokens }));
}

const schemes = new Set(['http:', 'https:', 'mailto:']);

/** The address of a link that may be followed. */
export function safeAddress(href: string): string | undefined {
  try {
    const url = new URL(href);
    return schemes.has(url.protocol) ? url.href : undefined;
  } catch {
    return undefined; // it leads nowhere, or somewhere within this page
  }
}

const emoji = /^(?:[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\u200d\ufe0f\s]|[#*0-9]\ufe0f?\u20e3)+$/u;
const mostLarge = 40; // UTF-16 units, a dozen emoji or so

/** Whether a text is a few emoji and nothing else. */
export function isEmojiOnly(text: string): boolean {
  return text.length <= mostLarge && text.trim() !== '' && emoji.test(text);
}
