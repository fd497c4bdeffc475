// Counts the terms of training texts and embeds them: what a ranker and an expander know about words.
import type { TermRows } from '../../processors/retrieval/term-table.ts';
import { isFunctionTerm, termsOf } from '../../processors/retrieval/terms.ts';
import { cooccurrence, decompose, type EmbeddingOptions } from './embedding.ts';

export interface StatisticsOptions extends EmbeddingOptions {
  /** Terms in fewer passages are left out. */
  readonly passagesMin: number;
  readonly termsMax: number;
}

/** Statistics and embeddings of the terms of passages. */
export function countTerms(passages: readonly string[], options: StatisticsOptions): TermRows {
  const read = passages.map(termsOf);
  const frequencies = new Map<string, number>();
  for (const terms of read) {
    for (const term of new Set(terms)) frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
  }
  const kept = [...frequencies]
    .filter(([, count]) => count >= options.passagesMin)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, options.termsMax);
  const numbers = new Map(kept.map(([term], number) => [term, number]));
  const numbered = read.map((terms) =>
    Int32Array.from(terms, (term) => (isFunctionTerm(term) ? -1 : (numbers.get(term) ?? -1))),
  );
  const rows = decompose(cooccurrence(numbered, kept.length, options.window), options);
  return {
    terms: kept.map(([term]) => term),
    frequencies: kept.map(([, count]) => count),
    passages: passages.length,
    averageLength: read.reduce((sum, terms) => sum + terms.length, 0) / Math.max(1, read.length),
    dimensions: options.dimensions,
    rows: inEightBits(rows, options.dimensions),
  };
}

/** Each row scaled so that its largest value is 127: only its direction is used. */
function inEightBits(rows: Float64Array, dimensions: number): Int8Array {
  const small = new Int8Array(rows.length);
  for (let start = 0; start < rows.length; start += dimensions) {
    const row = rows.subarray(start, start + dimensions);
    const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (let d = 0; d < dimensions; d++)
      small[start + d] = largest > 0 ? Math.round((row[d]! / largest) * 127) : 0;
  }
  return small;
}
