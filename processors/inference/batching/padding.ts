// Rows of tokens written into padded matrices, and what models make of those: masks, positions, answers in order.
import type { PaddedBatch, PlacedBatch, TokenModel, TokenRows } from '../model.ts';
import { BatchMemory } from './batch-memory.ts';
import { BatchShape, shapeLimits } from './batch-shape.ts';
import { orderByLength, tokensOf } from './length-order.ts';

/** Tokens of one run outside of the engine, padding counted: on a CPU larger ones gain nothing. */
const tokensPerRunMax = 1_024;

/** Where a row is written: a memory, the row of it, and how wide its batch is. */
export interface RowTarget {
  readonly memory: Pick<BatchMemory, 'idWords' | 'typeWords' | 'lengths'>;
  readonly at: number;
  readonly width: number;
  readonly padId: number;
  readonly typed: boolean;
}

/** Writes an input as one row: its ids, then padding. */
export function writeRow(rows: TokenRows, row: number, { memory, at, width, padId, typed }: RowTarget): void {
  const { idWords, typeWords } = memory;
  const { ids, ends } = rows;
  const start = row === 0 ? 0 : ends[row - 1]!;
  const length = ends[row]! - start;
  // Ids are small: writing their low words through 32 bits avoids a BigInt for every token.
  let word = 2 * at * width;
  for (let token = 0; token < length; token++, word += 2) idWords[word] = ids[start + token]!;
  for (let token = length; token < width; token++, word += 2) idWords[word] = padId;
  memory.lengths[at] = length;
  if (!typed) return;
  const types = rows.types;
  const first = 2 * at * width;
  for (let token = 0; token < width; token++)
    typeWords[first + 2 * token] = types !== undefined && token < length ? types[start + token]! : 0;
}

/** Inputs as runs of alike lengths, each in memory of its own: for callers that hold a model themselves. */
export function paddedRuns(rows: TokenRows, padId: number): readonly PlacedBatch[] {
  const { order } = orderByLength(rows);
  const limits = shapeLimits(tokensPerRunMax, 0);
  const runs: PlacedBatch[] = [];
  for (let from = 0; from < order.length; ) {
    const shape = new BatchShape(limits);
    let to = from;
    for (; to < order.length && shape.accepts(tokensOf(rows, order[to]!)); to++)
      shape.add(tokensOf(rows, order[to]!));
    const memory = BatchMemory.of({ tokens: shape.padded, rows: shape.rows, values: 0 });
    const { width } = shape;
    const typed = rows.types !== undefined;
    const places = order.slice(from, to);
    for (const [at, row] of places.entries()) writeRow(rows, row, { memory, at, width, padId, typed });
    runs.push({ ...memory.batch({ rows: places.length, width, typed }), places });
    from = to;
  }
  return runs;
}

/** Answers of a token model for `count` inputs that are cut into runs, in the order of the inputs. */
export async function answerPadded(
  model: Pick<TokenModel, 'manifest' | 'runPadded'>,
  runs: readonly PlacedBatch[],
  count: number,
): Promise<Float32Array<ArrayBuffer>> {
  const labels = model.manifest.labels.length;
  const all = new Float32Array(count * labels);
  for (const run of runs) {
    const values = new Float32Array(run.rows * labels);
    await model.runPadded(run, values);
    for (const [row, place] of run.places.entries())
      all.set(values.subarray(row * labels, (row + 1) * labels), place * labels);
  }
  return all;
}

/** Arrays that a model keeps for its masks and positions; they grow to the largest batch. */
export class ModelArrays {
  #mask = new BigInt64Array(0);
  #floatMask = new Float32Array(0);
  #positions = new BigInt64Array(0);
  #types = new BigInt64Array(0);

  /** 1 for every token, 0 for padding. */
  mask({ rows, width, lengths }: PaddedBatch): BigInt64Array {
    if (this.#mask.length < rows * width) this.#mask = new BigInt64Array(rows * width);
    const words = new Int32Array(this.#mask.buffer);
    for (let row = 0, word = 0; row < rows; row++) {
      const length = lengths[row]!;
      for (let at = 0; at < width; at++, word += 2) words[word] = at < length ? 1 : 0;
    }
    return this.#mask.subarray(0, rows * width);
  }

  /** The same as 32-bit floats. */
  floatMask({ rows, width, lengths }: PaddedBatch): Float32Array<ArrayBuffer> {
    if (this.#floatMask.length < rows * width) this.#floatMask = new Float32Array(rows * width);
    const mask = this.#floatMask;
    for (let row = 0; row < rows; row++) {
      const end = row * width + lengths[row]!;
      mask.fill(1, row * width, end);
      mask.fill(0, end, (row + 1) * width);
    }
    return mask.subarray(0, rows * width);
  }

  /** The place of every token, from `first`; 0 for padding. */
  positions({ rows, width, lengths }: PaddedBatch, first: number): BigInt64Array {
    if (this.#positions.length < rows * width) this.#positions = new BigInt64Array(rows * width);
    const words = new Int32Array(this.#positions.buffer);
    for (let row = 0, word = 0; row < rows; row++) {
      const length = lengths[row]!;
      for (let at = 0; at < width; at++, word += 2) words[word] = at < length ? at + first : 0;
    }
    return this.#positions.subarray(0, rows * width);
  }

  /** Which of two texts every token belongs to. */
  types({ rows, width, types }: PaddedBatch): BigInt64Array<ArrayBuffer> {
    if (types !== undefined) return types;
    if (this.#types.length < rows * width) this.#types = new BigInt64Array(rows * width);
    return this.#types.subarray(0, rows * width);
  }
}
