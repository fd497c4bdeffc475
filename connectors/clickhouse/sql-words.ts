// SQL cut into words as ClickHouse cuts it, for a check that has to be right about every accepted text: whatever could
// be read in two ways (nested comments, escapes inside quoted names, heredocs, quotes from typography) is refused.

export interface Word {
  /** Names and keywords in lower case, a punctuation mark as it is, `'` for a text. */
  readonly is: string;
  /** A name between back-ticks or double quotes: no keyword. */
  readonly quoted: boolean;
}

const pattern =
  /(?<space>\s+)|(?<line>--[^\n]*)|(?<block>\/\*(?:[^*/]|\*(?!\/)|\/(?!\*))*\*\/)|(?<text>'(?:[^'\\]|\\[\s\S]|'')*')|(?<name>`[^`\\]*`|"[^"\\]*")|(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<number>[0-9][0-9A-Fa-fXxPp_.]*(?![A-Za-z]))|(?<mark>[-+*%=<>!,.;:()[\]{}?|@^&~])|(?<slash>\/(?![/*]))/uy;

/** The words of a statement, comments left out; or, as a text, what in it cannot be judged. */
export function wordsOf(sql: string): Word[] | string {
  const words: Word[] = [];
  pattern.lastIndex = 0;
  while (pattern.lastIndex < sql.length) {
    const at = pattern.lastIndex;
    const groups = pattern.exec(sql)?.groups;
    if (!groups) return `\`${[...sql.slice(at, at + 16)].slice(0, 8).join('')}\`, which cannot be judged`;
    if (groups.word) words.push({ is: groups.word.toLowerCase(), quoted: false });
    else if (groups.name) words.push({ is: groups.name.slice(1, -1).toLowerCase(), quoted: true });
    else if (groups.text) words.push({ is: "'", quoted: true });
    else if (groups.number) words.push({ is: '0', quoted: false });
    else if (groups.mark ?? groups.slash) words.push({ is: groups.mark ?? '/', quoted: false });
  }
  return words;
}
