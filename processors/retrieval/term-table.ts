// The term table of a release: how rare each term is, and where it lies among others (an embedding in eight bits).
import { inverseFrequency } from './bm25.ts';

/** What was counted on the text a release was trained on. */
export interface TermStatistics {
  /** Most frequent first. */
  readonly terms: readonly string[];
  /** Passages that hold each term. */
  readonly frequencies: readonly number[];
  /** Passages in all. */
  readonly passages: number;
  /** Their mean length in terms. */
  readonly averageLength: number;
  /** Length of an embedding. */
  readonly dimensions: number;
}

/** Statistics, and one row of `dimensions` whole numbers within ±127 for each term: directions, whose length says nothing. */
export interface TermRows extends TermStatistics {
  readonly rows: Int8Array;
}

const magic = 'MRTT';

/** Bytes of a table: a mark, the length of the statistics, the statistics as JSON, the rows. */
export function writeTermTable({ rows, ...statistics }: TermRows): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(JSON.stringify(statistics));
  const bytes = new Uint8Array(8 + head.length + rows.length);
  bytes.set(new TextEncoder().encode(magic), 0);
  new DataView(bytes.buffer).setUint32(4, head.length, true);
  bytes.set(head, 8);
  bytes.set(new Uint8Array(rows.buffer, rows.byteOffset, rows.length), 8 + head.length);
  return bytes;
}

/** Reads a table. Throws where the bytes are no table, or fewer than it says. */
export function readTermTable(bytes: Uint8Array): TermTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || new TextDecoder().decode(bytes.subarray(0, 4)) !== magic)
    throw new Error('this is no term table');
  const start = 8 + view.getUint32(4, true);
  const statistics = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) as TermStatistics;
  const size = statistics.terms.length * statistics.dimensions;
  if (bytes.length !== start + size || statistics.frequencies.length !== statistics.terms.length)
    throw new Error(`the term table has ${bytes.length} bytes where ${start + size} were expected`);
  const rows = new Int8Array(bytes.buffer, bytes.byteOffset + start, size);
  return new TermTable({ ...statistics, rows });
}

export class TermTable {
  readonly averageLength: number;
  readonly dimensions: number;
  readonly terms: readonly string[];
  readonly #passages: number;
  readonly #frequencies: readonly number[];
  readonly #numbers: ReadonlyMap<string, number>;
  /** Rows of length one. */
  readonly #vectors: Float32Array;

  constructor({ terms, frequencies, passages, averageLength, dimensions, rows }: TermRows) {
    this.terms = terms;
    this.averageLength = averageLength;
    this.dimensions = dimensions;
    this.#passages = passages;
    this.#frequencies = frequencies;
    this.#numbers = new Map(terms.map((term, number) => [term, number]));
    this.#vectors = unitRows(rows, dimensions);
  }

  /** The place of a term in the table; -1 where it was never seen often enough. */
  numberOf(term: string): number {
    return this.#numbers.get(term) ?? -1;
  }

  /** How much a term tells: most for one that is not in the table. */
  idfOf(term: string): number {
    return inverseFrequency(this.#passages, this.#frequencies[this.numberOf(term)] ?? 0);
  }

  /** Cosine of two terms by their numbers; 0 for those without an embedding. */
  similarity(first: number, second: number): number {
    if (first < 0 || second < 0) return 0;
    let sum = 0;
    const { dimensions } = this;
    for (let d = 0; d < dimensions; d++) {
      sum += this.#vectors[first * dimensions + d]! * this.#vectors[second * dimensions + d]!;
    }
    return sum;
  }

  /** Adds a term’s embedding, times `weight`, to `sum`. */
  addTo(sum: Float64Array, number: number, weight: number): void {
    if (number < 0) return;
    for (let d = 0; d < this.dimensions; d++)
      sum[d]! += weight * this.#vectors[number * this.dimensions + d]!;
  }
}

function unitRows(rows: Int8Array, dimensions: number): Float32Array {
  const vectors = Float32Array.from(rows);
  for (let start = 0; start < rows.length; start += dimensions) {
    let square = 0;
    for (let d = 0; d < dimensions; d++) square += rows[start + d]! ** 2;
    const length = Math.sqrt(square) || 1;
    for (let d = 0; d < dimensions; d++) vectors[start + d]! /= length;
  }
  return vectors;
}
