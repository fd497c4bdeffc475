// The memory that threads share while they train one network: the corpus, the weights all agree on, and a copy of the
// weights for each shard.
import type { Corpus } from './corpus.ts';
import type { Network, NetworkShape } from './network.ts';
import type { Accumulators } from './step.ts';

/** Everything a thread is given. */
export interface ShardMemory {
  readonly shape: NetworkShape;
  readonly dimensions: number;
  readonly corpus: Corpus;
  /** Rows in the order of the current epoch. */
  readonly order: Int32Array;
  /** The weights that all agree on, then a copy for each shard: flat, see `viewOf`. */
  readonly agreed: Float32Array;
  readonly copies: readonly Float32Array[];
}

/** A network and its accumulators in one flat array. */
export interface Weights {
  readonly network: Network;
  readonly accumulators: Accumulators;
}

function share<Numbers extends Int32Array | Float32Array>(numbers: Numbers): Numbers {
  const kind = numbers.constructor as new (buffer: SharedArrayBuffer) => Numbers;
  const shared = new kind(new SharedArrayBuffer(numbers.byteLength));
  shared.set(numbers);
  return shared;
}

/** Puts what was begun with and the corpus into shared memory. */
export function createMemory(
  { network, accumulators }: Weights,
  corpus: Corpus,
  shards: number,
): ShardMemory {
  const parts = [
    network.table,
    network.output,
    network.bias,
    accumulators.accumulators,
    accumulators.outputAccumulators,
    accumulators.biasAccumulators,
  ];
  const flat = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    flat.set(part, at);
    at += part.length;
  }
  return {
    shape: network.shape,
    dimensions: network.dimensions,
    corpus: {
      size: corpus.size,
      ids: share(corpus.ids),
      offsets: share(corpus.offsets),
      labels: share(corpus.labels),
      labelOffsets: share(corpus.labelOffsets),
      weights: share(corpus.weights),
    },
    order: share(Int32Array.from({ length: corpus.size }, (_, row) => row)),
    agreed: share(flat),
    copies: Array.from({ length: shards }, () => share(flat)),
  };
}

/** The network and accumulators that a flat array holds. */
export function viewOf({ shape, dimensions }: ShardMemory, flat: Float32Array): Weights {
  const { wordBuckets, characterBuckets } = shape.featurizer;
  const rows = wordBuckets + characterBuckets;
  const labels = shape.labels.length;
  let at = 0;
  const next = (length: number) => {
    at += length;
    return flat.subarray(at - length, at);
  };
  const table = next(rows * dimensions);
  const output = next(2 * dimensions * labels);
  const bias = next(labels);
  const network = { shape, dimensions, table, output, bias };
  const accumulators = {
    accumulators: next(rows),
    outputAccumulators: next(output.length),
    biasAccumulators: next(labels),
  };
  return { network, accumulators };
}

/**
 * Brings the shards together for the rows [from, to) of the table: each row becomes its old value plus the mean of the
 * moves of those shards that moved it. What only one shard saw is so not watered down by the others. Accumulators
 * gather what all shards added.
 */
export function mergeRows(memory: ShardMemory, from: number, to: number): void {
  const { dimensions, agreed, copies } = memory;
  const old = viewOf(memory, agreed);
  const views = copies.map((copy) => viewOf(memory, copy));
  const moves = new Float64Array(dimensions);
  for (let row = from; row < to; row++) {
    const start = row * dimensions;
    const before = old.accumulators.accumulators[row]!;
    let movers = 0;
    let added = 0;
    for (const { network, accumulators } of views) {
      const more = accumulators.accumulators[row]! - before;
      if (more === 0) continue;
      if (movers++ === 0) moves.fill(0);
      added += more;
      for (let d = 0; d < dimensions; d++) {
        moves[d]! += network.table[start + d]! - old.network.table[start + d]!;
      }
    }
    if (movers === 0) continue;
    old.accumulators.accumulators[row] = before + added;
    for (let d = 0; d < dimensions; d++) old.network.table[start + d]! += moves[d]! / movers;
    for (const { network, accumulators } of views) {
      accumulators.accumulators[row] = old.accumulators.accumulators[row]!;
      for (let d = 0; d < dimensions; d++) network.table[start + d] = old.network.table[start + d]!;
    }
  }
}

/** The same for the output layer and the bias, which every shard moves. */
export function mergeOutput(memory: ShardMemory): void {
  const old = viewOf(memory, memory.agreed);
  const views = memory.copies.map((copy) => viewOf(memory, copy));
  const merge = (pick: (weights: Weights) => Float32Array, isSum: boolean) => {
    const agreed = pick(old);
    const all = views.map(pick);
    const share = isSum ? 1 : 1 / all.length;
    for (let at = 0; at < agreed.length; at++) {
      let move = 0;
      for (const copy of all) move += copy[at]! - agreed[at]!;
      agreed[at]! += move * share;
    }
    for (const copy of all) copy.set(agreed);
  };
  merge(({ network }) => network.output, false);
  merge(({ network }) => network.bias, false);
  merge(({ accumulators }) => accumulators.outputAccumulators, true);
  merge(({ accumulators }) => accumulators.biasAccumulators, true);
}
