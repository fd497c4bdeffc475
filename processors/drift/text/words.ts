// The words of a text as drift looks at them: what a writer chose, without case, addresses, names after @ and numbers.
import { hashOf } from '../../features/hashing.ts';

/** Code points of a text that are looked at: samples hold no more of it (infra/clickhouse/0009_samples.sql). */
const pointsMax = 1_000;

const address = /\b(?:https?:\/\/|www\.)\S+|\S+@\S+\.\S+|@[\p{L}\p{N}_]+/giu;
const word = /[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*/gu;
/** Scripts without spaces between words: their pairs of characters stand for words. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]+/gu;

/**
 * Words of a cleaned text in its order; of scripts without spaces, pairs of characters. They depend on the text alone:
 * a dictionary that cuts words changes from one version of it to the next, and frozen words would be new in it.
 */
export function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  const beginning = text.length <= pointsMax ? text : [...text].slice(0, pointsMax).join('');
  for (const [found] of beginning.replace(address, ' ').matchAll(word)) {
    words.push(...(found.replace(unspaced, ' ').match(word) ?? []));
    for (const [run] of found.matchAll(unspaced)) words.push(...pairsOf([...run]));
  }
  return words;
}

const pairsOf = (characters: readonly string[]): readonly string[] =>
  characters.length === 1
    ? characters
    : characters.slice(1).map((character, index) => `${characters[index]!}${character}`);

/** Hashes of the words of a cleaned text, 32 bits, without case. */
export const wordHashes = (text: string): readonly number[] => wordsOf(text).map((one) => hashOf(one));
