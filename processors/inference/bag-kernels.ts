// The first part of the graphs of n-gram and linear models: from ids to what the rest of the graph reads. ONNX Runtime
// writes every step of it to memory for every id; here sums stay where they are. The bits are the same, because every
// step rounds where the graph rounds and adds in its order.
import type { BagRun } from './bag-runs.ts';
import type { OnnxFile } from './onnx-file.ts';
import { BagSums } from './wasm/bag-sums.ts';

const poolingSteps = 'Gather Cast Mul ScatterND Max Sqrt Div Reshape';
const scoringSteps =
  'Gather Cast Mul Mul Mul ScatterND Max Sqrt Gather Cast Mul Mul ScatterND Div Reshape ReduceSum Mul Add';

/** What a featurizer's ids can be. */
interface Buckets {
  readonly wordBuckets: number;
  readonly characterBuckets: number;
  readonly idsMax: number;
}

/** Sums the rows of a table of whole numbers over bags, each divided by the square root of its ids. */
export class BagPooling {
  /** Numbers of a text: one for each dimension of its words, then of its characters. */
  readonly width: number;
  readonly #sums: BagSums;

  constructor(file: OnnxFile, buckets: Buckets) {
    expectSteps(file, 'gathered', 'bags', poolingSteps);
    const table = constantOf(file, 'table');
    this.width = 2 * table.dims[1]!;
    this.#sums = bagSums(file, buckets, () => 1);
  }

  /** Writes `width` numbers for the ids [from, end) of a text. The sums are whole numbers, exact in any order. */
  pool(ids: Int32Array, from: number, end: number, pooled: Float32Array, to: number): void {
    const half = this.width / 2;
    const { words, characters } = this.#sums;
    this.#sums.sum(ids, from, end);
    const wordRoot = normOf(words);
    const characterRoot = normOf(characters);
    for (let column = 0; column < half; column++) {
      pooled[to + column] = words[column]! / wordRoot;
      pooled[to + half + column] = characters[column]! / characterRoot;
    }
  }

  /** `width` numbers for each text of the run, row-major. */
  poolRun({ ids, ends }: BagRun): Float32Array {
    const pooled = new Float32Array(ends.length * this.width);
    ends.forEach((end, text) => {
      this.pool(ids, ends[text - 1] ?? 0, end, pooled, text * this.width);
    });
    return pooled;
  }
}

/** Ids that are different ones within a text, with 1 + ln(count) of each. */
export interface CountedRun extends BagRun {
  readonly frequencies: Float32Array;
}

/** Scores of a linear model: TF-IDF, the length of each bag, weights, scales and bias. */
export class LinearScoring {
  readonly #sums: BagSums;
  readonly #scales: Float32Array;
  readonly #bias: Float32Array;

  constructor(file: OnnxFile, buckets: Buckets) {
    expectSteps(file, 'rarity', 'logits', scoringSteps);
    const { bytes: rarities } = constantOf(file, 'idf');
    this.#sums = bagSums(file, buckets, (slot) => rarities[slot]!);
    this.#scales = new Float32Array(constantOf(file, 'scales').bytes.buffer);
    this.#bias = new Float32Array(constantOf(file, 'bias').bytes.buffer);
  }

  /** Calibrated scores before the activation, one row of labels for each text of the run. */
  score({ ids, ends, frequencies }: CountedRun): Float32Array {
    const labels = this.#bias.length;
    const logits = new Float32Array(ends.length * labels);
    ends.forEach((end, text) => {
      this.#sums.sum(ids, ends[text - 1] ?? 0, end, frequencies);
      this.#finish(logits, text * labels);
    });
    return logits;
  }

  #finish(logits: Float32Array, to: number): void {
    const { words, characters } = this.#sums;
    const wordNorm = normOf(words);
    const characterNorm = normOf(characters);
    for (let label = 0; label < this.#bias.length; label++) {
      const word = Math.fround(words[label]! / wordNorm);
      const character = Math.fround(characters[label]! / characterNorm);
      const scaled = Math.fround(Math.fround(word + character) * this.#scales[label]!);
      logits[to + label] = scaled + this.#bias[label]!;
    }
  }
}

/** Length of a bag from its sums, behind which the squares are; at least 1: a bag in which nothing is known has none. */
const normOf = (sums: Float32Array): number => Math.fround(Math.sqrt(Math.max(1, sums[sums.length - 1]!)));

function bagSums(
  file: OnnxFile,
  { wordBuckets, characterBuckets, idsMax }: Buckets,
  rarityOf: (slot: number) => number,
): BagSums {
  const { bytes, dims } = constantOf(file, 'table');
  const slots = slotsOf(file, wordBuckets + characterBuckets);
  const heads = slots.map((slot) => (slot << 8) | rarityOf(slot));
  return new BagSums({ heads, rows: bytes, columns: dims[1]!, wordBuckets }, idsMax);
}

/** The table's row of each bucket; 0 is a row of zeros where the file holds known buckets only. */
function slotsOf(file: OnnxFile, buckets: number): Int32Array {
  const slots = new Int32Array(buckets);
  const known = file.constant('knownBits')?.bytes;
  let rank = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    if (known === undefined) slots[bucket] = bucket;
    else if (((known[bucket >> 3]! >> (bucket & 7)) & 1) === 1) slots[bucket] = ++rank;
  }
  return slots;
}

function expectSteps(file: OnnxFile, from: string, to: string, steps: string): void {
  const found = file.operators(from, to).join(' ');
  if (found !== steps) throw new Error(`the graph computes “${to}” in another way: ${found}`);
}

function constantOf(file: OnnxFile, name: string) {
  const constant = file.constant(name);
  if (constant === undefined) throw new Error(`the graph has no constant “${name}”`);
  return constant;
}
