// Which words a set of texts has, in nine bits a word (Bloom, “Space/time trade-offs in hash coding”, 1970), and how
// many words of other texts are new to it.
import { scramble } from './scramble.ts';
import { wordHashes } from './words.ts';

/** The words of a set of texts; some words that they do not have seem known. */
export interface KnownWords {
  /** Distinct words. */
  readonly words: number;
  /** Positions of a word in the filter. */
  readonly hashes: number;
  readonly filter: Uint8Array;
}

/** Share of new words over texts, and the standard deviation of what one text adds to it. */
export interface Novelty {
  readonly share: number;
  readonly deviation: number;
}

/** One word in seventy that is new seems known: 0.6185^9. */
const bitsPerWord = 9;
const hashes = 6;

/** The words of cleaned texts, and the share of words that is new in one of them when only the others are known. */
export function gatherWords(texts: readonly string[]): {
  readonly known: KnownWords;
  readonly novelty: Novelty;
} {
  const words = texts.map(wordHashes);
  const textsWith = new Map<number, number>();
  for (const one of words)
    for (const word of new Set(one)) textsWith.set(word, (textsWith.get(word) ?? 0) + 1);
  const filter = new Uint8Array(Math.max(8, Math.ceil((textsWith.size * bitsPerWord) / 8)));
  for (const word of textsWith.keys())
    for (const place of placesOf(word, hashes, filter)) filter[place >> 3]! |= 1 << (place & 7);
  return {
    known: { words: textsWith.size, hashes, filter },
    novelty: ratioOf(words.map((one) => countsOf(one, (word) => textsWith.get(word) === 1))),
  };
}

/** The share of new words in cleaned texts. */
export function noveltyOf(known: KnownWords, texts: readonly string[]): Novelty {
  const { share, deviation } = ratioOf(
    texts.map((text) => countsOf(wordHashes(text), (word) => !isKnown(known, word))),
  );
  // Some new words were taken for known ones.
  const seen = 1 - falselyKnown(known);
  return { share: Math.min(1, share / seen), deviation: deviation / seen };
}

interface WordCounts {
  readonly words: number;
  readonly fresh: number;
}

const countsOf = (words: readonly number[], isNew: (word: number) => boolean): WordCounts => ({
  words: words.length,
  fresh: words.filter(isNew).length,
});

/** Ratio of sums over texts; its standard error with n texts is `deviation` / √n (Cochran, Sampling Techniques, 6.3). */
function ratioOf(texts: readonly WordCounts[]): Novelty {
  let [words, fresh] = [0, 0];
  for (const text of texts) {
    words += text.words;
    fresh += text.fresh;
  }
  if (words === 0) return { share: 0, deviation: 0 };
  const share = fresh / words;
  const residual = texts.reduce((sum, text) => sum + (text.fresh - share * text.words) ** 2, 0);
  const mean = words / texts.length;
  return { share, deviation: Math.sqrt(residual / Math.max(1, texts.length - 1)) / mean };
}

const isKnown = ({ hashes: count, filter }: KnownWords, word: number): boolean =>
  placesOf(word, count, filter).every((place) => ((filter[place >> 3]! >> (place & 7)) & 1) === 1);

function falselyKnown({ hashes: count, filter }: KnownWords): number {
  let set = 0;
  for (let byte of filter) for (; byte > 0; byte &= byte - 1) set++;
  return (set / (8 * filter.length)) ** count;
}

/** Places of a word: two hashes make as many as are wanted (Kirsch and Mitzenmacher, 2008). */
function placesOf(word: number, count: number, filter: Uint8Array): readonly number[] {
  const bits = 8 * filter.length;
  const first = scramble(word) >>> 0;
  const step = (scramble(word ^ 0x68e31da4) | 1) >>> 0;
  return Array.from({ length: count }, (_, index) => (first + index * step) % bits);
}
