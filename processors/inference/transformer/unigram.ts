// Unigram as XLM-R and DeBERTa-v3 have it: the most probable way to cut a word into pieces (Kudo 2018, arXiv:1804.10959).
import { whitespace } from './character-classes.ts';
import { createNormalize } from './normalization.ts';
import { PieceTrie } from './piece-trie.ts';
import type { SubwordModel } from './tokenizer.ts';
import { modelType, stepsOf, type TokenizerJson } from './tokenizer-json.ts';
import { WordCache } from './word-cache.ts';

/** A piece that is no piece costs this much more than the worst one. */
const unknownPenalty = 10;

/** Unigram when normalizer and pre-tokenizer are of the known kinds, else null. */
export function createUnigram(json: TokenizerJson): SubwordModel | null {
  const { model } = json;
  if (modelType(json) !== 'Unigram' || model.byte_fallback === true || typeof model.unk_id !== 'number')
    return null;
  const normalize = createNormalize(json.normalizer);
  const words = createWords(json);
  if (normalize === null || words === null) return null;
  return new Unigram(model.vocab as readonly (readonly [string, number])[], model.unk_id, normalize, words);
}

/** Words of a normalized text, each with the mark of its space. */
type Words = (text: string) => readonly string[];

function createWords({ pre_tokenizer: preTokenizer }: TokenizerJson): Words | null {
  const steps = stepsOf(preTokenizer, 'pretokenizers');
  const metaspace = steps.at(-1);
  const isSplitBefore = steps.length === 2 && steps[0]!.type === 'WhitespaceSplit';
  if (metaspace?.type !== 'Metaspace' || (steps.length !== 1 && !isSplitBefore)) return null;
  const scheme = metaspace.prepend_scheme ?? (metaspace.add_prefix_space === false ? 'never' : 'always');
  if (scheme !== 'always' && scheme !== 'never') return null;
  const mark = String(metaspace.replacement ?? '▁');
  const isSplit = metaspace.split !== false;
  const between = new RegExp(`[${whitespace}]+`, 'u');
  return (text) => {
    const parts = isSplitBefore ? text.split(between) : [text];
    return parts.flatMap((part) => {
      const spaced = part.replaceAll(' ', mark);
      const marked = spaced === '' || scheme === 'never' || spaced.startsWith(mark) ? spaced : mark + spaced;
      return isSplit ? splitAtMarks(marked, mark) : [marked];
    });
  };
}

/** Every mark begins a word. */
function splitAtMarks(text: string, mark: string): readonly string[] {
  const words: string[] = [];
  let start = 0;
  for (let at = text.indexOf(mark, 1); at !== -1; at = text.indexOf(mark, at + 1)) {
    words.push(text.slice(start, at));
    start = at;
  }
  if (start < text.length) words.push(text.slice(start));
  return words;
}

class Unigram implements SubwordModel {
  readonly #trie: PieceTrie;
  readonly #scores: Float64Array;
  readonly #unknown: number;
  readonly #unknownScore: number;
  readonly #normalize: (text: string) => string;
  readonly #words: Words;
  readonly #cache = new WordCache();
  /** For each place of a word: the best score of a path that ends there, where its last piece begins, and its id. */
  #best = new Float64Array(0);
  #from = new Int32Array(0);
  #id = new Int32Array(0);

  constructor(
    vocabulary: readonly (readonly [string, number])[],
    unknown: number,
    normalize: (text: string) => string,
    words: Words,
  ) {
    this.#trie = new PieceTrie(vocabulary.map(([piece]) => piece));
    this.#scores = Float64Array.from(vocabulary, ([, score]) => score);
    this.#unknown = unknown;
    this.#unknownScore = this.#scores.reduce((least, score) => Math.min(least, score), 0) - unknownPenalty;
    this.#normalize = normalize;
    this.#words = words;
  }

  encode(text: string): number[] {
    const ids: number[] = [];
    for (const word of this.#words(this.#normalize(text))) {
      let found = this.#cache.get(word);
      if (found === undefined) {
        found = this.#cut(word);
        this.#cache.set(word, found);
      }
      for (let at = 0; at < found.length; at++) ids.push(found[at]!);
    }
    return ids;
  }

  /** Viterbi, from the left. */
  #cut(word: string): readonly number[] {
    const { length } = word;
    if (this.#best.length <= length) this.#grow(length);
    const [best, from, id] = [this.#best, this.#from, this.#id];
    best.fill(Number.NEGATIVE_INFINITY, 0, length + 1);
    best[0] = 0;
    for (let start = 0; start < length; ) {
      const width = isPair(word, start) ? 2 : 1;
      const so = best[start]!;
      let isKnown = false;
      let node = PieceTrie.root;
      for (let end = start + 1; end <= length; end++) {
        node = this.#trie.child(node, word.charCodeAt(end - 1));
        if (node < 0) break;
        const piece = this.#trie.piece(node);
        if (piece < 0) continue;
        const score = so + this.#scores[piece]!;
        if (score > best[end]!) {
          best[end] = score;
          from[end] = start;
          id[end] = piece;
        }
        if (end - start === width) isKnown = true;
      }
      if (!isKnown && so + this.#unknownScore > best[start + width]!) {
        best[start + width] = so + this.#unknownScore;
        from[start + width] = start;
        id[start + width] = this.#unknown;
      }
      start += width;
    }
    return this.#pathTo(length);
  }

  /** The ids of the best path; unknown characters that follow each other are one. */
  #pathTo(length: number): readonly number[] {
    const ids: number[] = [];
    for (let at = length; at > 0; at = this.#from[at]!) {
      const id = this.#id[at]!;
      if (id !== this.#unknown || ids.at(-1) !== this.#unknown) ids.push(id);
    }
    return ids.reverse();
  }

  #grow(length: number): void {
    const size = Math.max(256, 2 * length);
    this.#best = new Float64Array(size);
    this.#from = new Int32Array(size);
    this.#id = new Int32Array(size);
  }
}

/** Whether a character of two code units begins here. */
const isPair = (text: string, at: number): boolean => text.codePointAt(at)! > 0xffff;
