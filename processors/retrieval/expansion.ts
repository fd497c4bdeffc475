// Query expansion: terms that are used like those of a query join it, with less weight.
import type { WeightedTerm } from './bm25.ts';
import { isFunctionTerm } from './terms.ts';

/** What a release of the kind `expander` holds, as JSON. */
export interface NeighbourTable {
  /** Neighbours of each term that has some, nearest first, with their similarity. */
  readonly neighbours: Readonly<Record<string, readonly (readonly [term: string, similarity: number])[]>>;
}

export interface ExpansionOptions {
  /** Neighbours less similar than this never join: a query is left as it is rather than led astray. */
  readonly similarityFloor: number;
  /** Terms that join a query at most. */
  readonly termsMax: number;
  /** What a term that joins counts beside the query’s own, before its similarity. */
  readonly weight: number;
}

/** Reads a table. Throws where the text is no such table. */
export function readNeighbours(json: string): NeighbourTable {
  const table = JSON.parse(json) as Partial<NeighbourTable> | null;
  if (typeof table?.neighbours !== 'object' || table.neighbours === null)
    throw new Error('this is no table of neighbours');
  return { neighbours: table.neighbours };
}

export class Expander {
  readonly #neighbours: ReadonlyMap<string, readonly (readonly [string, number])[]>;
  readonly #options: ExpansionOptions;

  constructor({ neighbours }: NeighbourTable, options: ExpansionOptions) {
    this.#neighbours = new Map(Object.entries(neighbours));
    this.#options = options;
  }

  /**
   * The query’s terms, each at its own weight, then the nearest neighbours of its content terms. A neighbour of
   * several terms counts once, by the sum of its similarities over the number of content terms: what fits the whole
   * query goes first.
   */
  expand(terms: readonly string[]): readonly WeightedTerm[] {
    const own = new Set(terms);
    const content = [...own].filter((term) => !isFunctionTerm(term));
    const gained = new Map<string, { nearest: number; total: number }>();
    for (const term of content) {
      for (const [neighbour, similarity] of this.#neighbours.get(term) ?? []) {
        if (similarity < this.#options.similarityFloor || own.has(neighbour)) continue;
        const so = gained.get(neighbour) ?? { nearest: 0, total: 0 };
        gained.set(neighbour, {
          nearest: Math.max(so.nearest, similarity),
          total: so.total + similarity,
        });
      }
    }
    const joining = [...gained]
      .sort(([a, x], [b, y]) => y.total - x.total || y.nearest - x.nearest || (a < b ? -1 : 1))
      .slice(0, this.#options.termsMax)
      .map(([term, { nearest }]) => [term, this.#options.weight * nearest] as const);
    return [...terms.map((term) => [term, 1] as const), ...joining];
  }
}
