// The expander trainer: from texts to the terms that are used alike, by the cosine of their embeddings.
import { z } from 'zod';
import type { NeighbourTable } from '../../processors/retrieval/expansion.ts';
import { TermTable } from '../../processors/retrieval/term-table.ts';
import { isFunctionTerm } from '../../processors/retrieval/terms.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Trainer } from '../trainer.ts';
import { countTerms } from './term-statistics.ts';

const parameters = z.strictObject({
  neighbours: z.int().min(1).max(50).default(10).describe('neighbours a term has at most'),
  similarityFloor: z.number().min(0).max(1).default(0.4).describe('similarity that makes a neighbour'),
  expansionTerms: z.int().min(1).max(50).default(10).describe('terms that join a query at most'),
  expansionWeight: z.number().min(0).max(1).default(0.4).describe('what they count beside the query’s own'),
  passagesMin: z.int().min(1).default(5).describe('passages a term stands in at least'),
  termsMax: z.int().min(16).default(20_000).describe('terms of the table'),
  dimensions: z.int().min(2).max(512).default(100).describe('length of a term’s embedding'),
  window: z.int().min(1).max(50).default(10).describe('how far apart terms may stand to be near'),
});
export type ExpanderParameters = z.infer<typeof parameters>;

/** Learns from both texts of its examples; labels and values are not read. Throws `Misconfigured` without any term. */
export const expanderTrainer: Trainer<'expander', ExpanderParameters> = {
  kind: 'expander',
  doc: 'terms that are used alike, to widen search queries with',
  parameters,
  async fit(data, options, context) {
    const texts = data.train
      .flatMap(({ text, second }) => [text, second ?? ''])
      .filter((text) => text !== '');
    const rows = countTerms([...new Set(texts)], { ...options, seed: context.seed });
    if (rows.terms.length < 2) {
      throw new Misconfigured(`no two terms stand in ${options.passagesMin} texts of the training data`, {
        code: 'data-unfit',
        fix: 'Give more text, or lower passagesMin.',
      });
    }
    const table = findNeighbours(new TermTable(rows), options, context);
    const { similarityFloor, expansionTerms, expansionWeight } = options;
    return {
      shape: { kind: 'expander', similarityFloor, termsMax: expansionTerms, weight: expansionWeight },
      files: new Map([['neighbours.json', Buffer.from(`${JSON.stringify(await table)}\n`)]]),
    };
  },
};

/** The nearest terms of each term. Numbers and function words neither have nor are neighbours. */
async function findNeighbours(
  table: TermTable,
  { neighbours, similarityFloor }: ExpanderParameters,
  {
    signal,
    onProgress,
  }: { signal?: AbortSignal | undefined; onProgress?: ((done: number) => void) | undefined },
): Promise<NeighbourTable> {
  const places = table.terms.flatMap((term, at) =>
    isFunctionTerm(term) || /\d/.test(term) || term.length < 3 ? [] : [at],
  );
  const found: Record<string, [string, number][]> = {};
  for (const [done, at] of places.entries()) {
    if (done % 500 === 0) {
      await new Promise(setImmediate);
      signal?.throwIfAborted();
      onProgress?.(done / places.length);
    }
    const near: [string, number][] = [];
    for (const other of places) {
      const similarity = other === at ? 0 : table.similarity(at, other);
      if (similarity >= similarityFloor) near.push([table.terms[other]!, Math.round(similarity * 1e3) / 1e3]);
    }
    if (near.length > 0) found[table.terms[at]!] = near.sort(([, a], [, b]) => b - a).slice(0, neighbours);
  }
  return { neighbours: found };
}
