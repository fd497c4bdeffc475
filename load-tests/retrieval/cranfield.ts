// Searching a collection: Cranfield's abstracts by BM25, with and without expansion, and reranked.
import { join } from 'node:path';
import { answer, type Input, type Model } from '../../processors/inference/model.ts';
import { asQuery, Bm25Index, type WeightedTerm } from '../../processors/retrieval/bm25.ts';
import type { Expander } from '../../processors/retrieval/expansion.ts';
import { termsOf } from '../../processors/retrieval/terms.ts';
import { readRows } from '../../trainers/data-sets/rows.ts';
import { measureRanking } from '../../trainers/ranking/judgement.ts';
import { type Line, linesOf, type Measured } from './line.ts';
import { trainExpander } from './training.ts';

const rerankedPassages = 50;

interface Collection {
  readonly texts: readonly string[];
  readonly queries: readonly string[];
  /** For each query, the gain of each passage that has one. */
  readonly gains: readonly ReadonlyMap<number, number>[];
}

/** Passages in the order a method finds them. */
type Search = (query: string) => readonly number[] | Promise<readonly number[]>;

/** Judgements join queries by their place in the file (`n`), not by their number. */
async function readCollection(data: string): Promise<Collection> {
  const read = (name: string) => readRows(join(data, `cranfield/${name}.jsonl.gz`));
  const docs = await read('docs');
  const places = new Map(docs.map((row, at) => [String(row.id), at]));
  const queries = await read('queries');
  const gains = queries.map(() => new Map<number, number>());
  const numbers = new Map(queries.map((row, at) => [String(row.n), at]));
  for (const { q, doc, label } of await read('qrels')) {
    const place = places.get(String(doc));
    if (place !== undefined) gains[numbers.get(String(q))!]!.set(place, Number(label));
  }
  return {
    texts: docs.map((row) => String(row.text)),
    queries: queries.map((row) => String(row.text)),
    gains,
  };
}

/** Lines for Cranfield; queries without a right answer are left out. */
export async function judgeCranfield(
  data: string,
  ranker: Model,
  expander: Expander,
  seed: number,
): Promise<readonly Line[]> {
  const { texts, queries, gains } = await readCollection(data);
  const index = new Bm25Index(texts.map(termsOf));
  const own = await trainExpander(texts, seed);
  const find = (query: readonly WeightedTerm[]) =>
    index.search(query, texts.length).map(({ passage }) => passage);
  const plain: Search = (query) => find(asQuery(termsOf(query)));
  const methods: [string, Search][] = [
    ['BM25', plain],
    ['BM25, expanded', (query) => find(expander.expand(termsOf(query)))],
    ['BM25, expanded by its own texts (not shipped)', (query) => find(own.expand(termsOf(query)))],
    [`BM25, first ${rerankedPassages} by the ranker`, (query) => rerank(ranker, texts, query, find)],
  ];
  const measured: Measured[] = [];
  for (const [method, search] of methods) {
    const measures = [];
    for (const [at, query] of queries.entries()) {
      const known = gains[at]!;
      if (![...known.values()].some((gain) => gain > 0)) continue;
      const ranked = (await search(query)).map((passage) => known.get(passage) ?? 0);
      measures.push(measureRanking(ranked, [...known.values()]));
    }
    measured.push([method, measures]);
  }
  return linesOf('cranfield', measured, seed);
}

async function rerank(
  ranker: Model,
  texts: readonly string[],
  query: string,
  find: (query: readonly WeightedTerm[]) => readonly number[],
): Promise<readonly number[]> {
  const found = find(asQuery(termsOf(query)));
  const first = found.slice(0, rerankedPassages);
  const scores = await answer(
    ranker,
    first.map((passage): Input => [query, texts[passage]!]),
  );
  const order = [...first.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
  return [...order.map((at) => first[at]!), ...found.slice(rerankedPassages)];
}
