// Of marked the page uses the lexer alone. Its one file also makes a whole Marked when it is loaded, with the parser and the
// renderer that make HTML, which no bundler can tell apart from what is needed: that end of the file is cut off, 4 kB of the first load.
import type { Plugin } from 'vite';

export function lexerAlone(): Plugin {
  return {
    name: 'verbatim:lexer-alone',
    transform(code, id) {
      if (!id.split('?')[0]!.endsWith('/marked/lib/marked.esm.js')) return undefined;
      const whole = /var ([\w$]+)=new [\w$]+;function [\w$]+\([\w$]+,[\w$]+\)\{return \1\.parse\(/.exec(code);
      const [lexer, tokenizer] = ['Lexer', 'Tokenizer'].map((name) => new RegExp(`([\\w$]+) as ${name}[,}]`).exec(code)?.[1]);
      if (!whole || !lexer || !tokenizer) return this.error('marked is not made as it was: see scripts/lexer-alone.ts');
      return { code: `${code.slice(0, whole.index)}\nexport { ${lexer} as Lexer, ${tokenizer} as Tokenizer };`, map: null };
    },
  };
}
