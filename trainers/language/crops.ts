// Short pieces of sentences: single words and pairs are what is hard to tell, and what queries and titles are made of.

const word = /[\p{L}\p{M}]+(?:['’ʼ-][\p{L}\p{M}]+)*/gu;
const letters = /\p{L}/gu;

/** Letters of a word that stands alone: shorter ones belong to too many languages. */
const lettersMin = 3;

/** One word of at least three letters; undefined where there is none. */
export function cropWord(text: string, random: () => number): string | undefined {
  const words = (text.match(word) ?? []).filter((found) => found.match(letters)!.length >= lettersMin);
  return words[Math.floor(random() * words.length)];
}

/** Some neighbouring words as they stand, with what is between them; undefined where there are too few. */
export function cropWords(text: string, count: number, random: () => number): string | undefined {
  const words = [...text.matchAll(word)];
  if (words.length < count) return undefined;
  const from = Math.floor(random() * (words.length - count + 1));
  const last = words[from + count - 1]!;
  return text.slice(words[from]!.index, last.index + last[0].length);
}
