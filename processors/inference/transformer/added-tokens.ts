// Tokens that are found in a text before anything else happens to it, such as `[MASK]`.
import { whitespace } from './character-classes.ts';
import type { AddedToken } from './tokenizer-json.ts';

/** A part of a text: one added token, or what stands between two of them. */
export type Section = string | number;

export interface SectionSplitter {
  /** Parts in order, those that are added tokens as their ids. */
  split(text: string): readonly Section[];
}

const escaped = (content: string): string => content.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
const wordCharacter = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/** Finds added tokens, the longest where several begin at a place. */
export function createSplitter(tokens: readonly AddedToken[]): SectionSplitter {
  if (tokens.length === 0) return { split: (text) => (text === '' ? [] : [text]) };
  const byContent = new Map(tokens.map((token) => [token.content, token]));
  const alternatives = [...byContent.keys()].sort((a, b) => b.length - a.length).map(escaped);
  const pattern = new RegExp(alternatives.join('|'), 'gu');
  const trailing = new RegExp(`[${whitespace}]+$`, 'u');
  const leading = new RegExp(`^[${whitespace}]+`, 'u');
  const split = (text: string): readonly Section[] => {
    const sections: Section[] = [];
    let from = 0;
    for (const match of text.matchAll(pattern)) {
      const token = byContent.get(match[0])!;
      const start = match.index;
      const end = start + match[0].length;
      if (start < from || (token.single_word && !standsAlone(text, start, end))) continue;
      const before = text.slice(from, start);
      const kept = token.lstrip ? before.replace(trailing, '') : before;
      if (kept !== '') sections.push(kept);
      sections.push(token.id);
      from = token.rstrip ? end + (leading.exec(text.slice(end))?.[0].length ?? 0) : end;
    }
    if (from < text.length) sections.push(text.slice(from));
    return sections;
  };
  return { split };
}

function standsAlone(text: string, start: number, end: number): boolean {
  const before = [...text.slice(Math.max(0, start - 2), start)].at(-1) ?? ' ';
  const after = [...text.slice(end, end + 2)][0] ?? ' ';
  return !wordCharacter.test(before) && !wordCharacter.test(after);
}
