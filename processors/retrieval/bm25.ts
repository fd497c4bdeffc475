// BM25 over an inverted index in memory: the score of a passage for a query, and the best passages.
// Okapi BM25 (Robertson et al. 1995) with Lucene’s idf, which is never negative, and without the factor k1 + 1, which
// changes no order: sum over query terms of ln(1 + (N − n + ½)/(n + ½)) · tf / (tf + k1·(1 − b + b·length/average)).

export interface Bm25Options {
  /** How soon further occurrences of a term stop to count. */
  readonly k1?: number;
  /** How much long passages are held back, 0–1. */
  readonly b?: number;
}

/** A passage’s number, in the order of the passages given, and its score. */
export interface Hit {
  readonly passage: number;
  readonly score: number;
}

/** A query term and how much it counts. */
export type WeightedTerm = readonly [term: string, weight: number];

/** Lucene’s idf of a term that `frequency` of `passages` passages hold. */
export const inverseFrequency = (passages: number, frequency: number): number =>
  Math.log(1 + (passages - frequency + 0.5) / (frequency + 0.5));

interface Postings {
  readonly passages: Int32Array;
  readonly frequencies: Int32Array;
}

export class Bm25Index {
  readonly passages: number;
  readonly averageLength: number;
  readonly #k1: number;
  readonly #b: number;
  readonly #postings = new Map<string, Postings>();
  readonly #lengths: Int32Array;
  /** Sums of one search; all zero between searches. */
  readonly #sums: Float64Array;

  /** Indexes passages, given as terms. */
  constructor(passages: readonly (readonly string[])[], { k1 = 1.2, b = 0.75 }: Bm25Options = {}) {
    this.#k1 = k1;
    this.#b = b;
    this.passages = passages.length;
    this.#lengths = Int32Array.from(passages, (terms) => terms.length);
    this.#sums = new Float64Array(passages.length);
    const total = this.#lengths.reduce((sum, length) => sum + length, 0);
    this.averageLength = total / Math.max(1, passages.length);
    const growing = new Map<string, number[]>();
    for (const [passage, terms] of passages.entries()) addPassage(growing, terms, passage);
    for (const [term, pairs] of growing) this.#postings.set(term, splitPairs(pairs));
  }

  /** Number of passages that hold a term. */
  frequencyOf(term: string): number {
    return this.#postings.get(term)?.passages.length ?? 0;
  }

  /** The best `count` passages that hold a term of the query, best first; of equal ones the earlier first. */
  search(query: readonly WeightedTerm[], count: number): readonly Hit[] {
    const touched = this.#accumulate(query);
    const hits = touched.map((passage) => ({ passage, score: this.#sums[passage]! }));
    for (const passage of touched) this.#sums[passage] = 0;
    return hits.sort((a, b) => b.score - a.score || a.passage - b.passage).slice(0, count);
  }

  #accumulate(query: readonly WeightedTerm[]): number[] {
    const touched: number[] = [];
    for (const [term, weight] of query) {
      const postings = this.#postings.get(term);
      if (postings === undefined || weight <= 0) continue;
      const { passages, frequencies } = postings;
      const factor = weight * inverseFrequency(this.passages, passages.length);
      for (let at = 0; at < passages.length; at++) {
        const passage = passages[at]!;
        const gain = factor * this.#saturation(frequencies[at]!, this.#lengths[passage]!);
        if (this.#sums[passage] === 0) touched.push(passage);
        this.#sums[passage]! += gain;
      }
    }
    return touched;
  }

  #saturation(frequency: number, length: number): number {
    return saturation(frequency, length, this.averageLength, this.#k1, this.#b);
  }
}

/** The share of a term’s idf that `frequency` occurrences in a passage of `length` terms bring. */
export function saturation(
  frequency: number,
  length: number,
  averageLength: number,
  k1 = 1.2,
  b = 0.75,
): number {
  return frequency / (frequency + k1 * (1 - b + (b * length) / averageLength));
}

/** Every occurrence of a query’s terms counts once. */
export const asQuery = (terms: readonly string[]): readonly WeightedTerm[] =>
  terms.map((term) => [term, 1] as const);

function addPassage(growing: Map<string, number[]>, terms: readonly string[], passage: number): void {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  for (const [term, count] of counts) {
    const pairs = growing.get(term);
    if (pairs === undefined) growing.set(term, [passage, count]);
    else pairs.push(passage, count);
  }
}

function splitPairs(pairs: readonly number[]): Postings {
  const size = pairs.length / 2;
  const passages = new Int32Array(size);
  const frequencies = new Int32Array(size);
  for (let at = 0; at < size; at++) {
    passages[at] = pairs[2 * at]!;
    frequencies[at] = pairs[2 * at + 1]!;
  }
  return { passages, frequencies };
}
