// Pruning: which buckets of a table a model can do without, and the file without them.
import { Misconfigured } from '../../schemas/errors.ts';
import type { FeaturizerOptions, LoadableModel } from '../../schemas/model-manifest.ts';
import { writeClassifier } from '../linear/graph.ts';
import { readClassifier } from '../linear/release.ts';
import { countTexts } from '../linear/terms.ts';
import { writeNetwork } from '../ngram/graph.ts';
import { readNetwork } from '../ngram/release.ts';
import type { Example } from '../trainer.ts';

/** `prune` drops the buckets whose weights are smallest, `buckets` those that training texts have least often. */
export type PruningMethod = 'prune' | 'buckets';

/** The table of a release. */
export interface PrunableTable {
  readonly featurizer: FeaturizerOptions;
  /** How much the weights of each bucket can move a score; 0 for those without a row. */
  readonly norms: Float64Array;
  /** The ONNX file with the rows of those buckets only whose `known` is not 0. */
  write(known: Uint8Array): Uint8Array;
}

/** Opens the table of a release. Throws `Misconfigured` for kinds that have none. */
export function openTable(model: LoadableModel): PrunableTable {
  const { kind, release } = model.manifest;
  if (kind === 'ngram') return openNgramTable(model as LoadableModel<'ngram'>);
  if (kind === 'linear') return openLinearTable(model as LoadableModel<'linear'>);
  throw new Misconfigured(`${release} is a model of the kind ${kind}, which has no table of n-grams`, {
    code: 'nothing-to-prune',
    fix: 'Only ngram and linear releases can be pruned; transformers are quantised when they are imported.',
  });
}

function openNgramTable(model: LoadableModel<'ngram'>): PrunableTable {
  const network = readNetwork(model);
  const { dimensions, output, table } = network;
  const { featurizer } = network.shape;
  const labels = network.bias.length;
  const squares = Float64Array.from({ length: 2 * dimensions }, (_, d) =>
    output.subarray(d * labels, (d + 1) * labels).reduce((sum, weight) => sum + weight * weight, 0),
  );
  const norms = new Float64Array(table.length / dimensions).map((_, bucket) => {
    const bag = bucket < featurizer.wordBuckets ? 0 : dimensions;
    let norm = 0;
    for (let d = 0; d < dimensions; d++) norm += table[bucket * dimensions + d]! ** 2 * squares[bag + d]!;
    return Math.sqrt(norm);
  });
  return {
    featurizer,
    norms,
    write(known) {
      const kept = table.slice();
      known.forEach((isKnown, bucket) => {
        if (isKnown === 0) kept.fill(0, bucket * dimensions, (bucket + 1) * dimensions);
      });
      return writeNetwork({ ...network, table: kept }, known);
    },
  };
}

function openLinearTable(model: LoadableModel<'linear'>): PrunableTable {
  const { vocabulary, classifier } = readClassifier(model);
  const { featurizer, slots, idf } = vocabulary;
  const { labels, table, scales } = classifier;
  const norms = Float64Array.from(slots, (slot) => {
    if (slot === 0) return 0;
    let norm = 0;
    for (let label = 0; label < labels; label++)
      norm += (table[(slot - 1) * labels + label]! * scales[label]!) ** 2;
    // What a bucket adds grows with its rarity. One whose weights are all rounded to zero still counts in the length
    // of a text, so it is not nothing.
    return (Math.sqrt(norm) + 1e-9) * idf[slot]!;
  });
  const activation = model.manifest.activation === 'sigmoid' ? 'sigmoid' : 'softmax';
  return {
    featurizer,
    norms,
    write(known) {
      const kept = slots.map((slot, bucket) => (known[bucket] === 0 ? 0 : slot));
      return writeClassifier({ featurizer, slots: kept, idf }, classifier, activation);
    },
  };
}

/** How often each bucket occurs in texts: in how many of them. */
export function frequenciesOf(examples: readonly Example[], featurizer: FeaturizerOptions): Int32Array {
  const frequencies = new Int32Array(featurizer.wordBuckets + featurizer.characterBuckets);
  for (const id of countTexts(examples, featurizer).ids) frequencies[id]!++;
  return frequencies;
}

/**
 * The buckets to keep, 1 for each: of those that weigh anything all but a share `sparsity`, the least important first,
 * among equally important ones the lighter.
 */
export function bucketsToKeep(
  norms: Float64Array,
  sparsity: number,
  importance: Float64Array | Int32Array,
): Uint8Array {
  const known = Uint8Array.from(norms, (norm) => (norm > 0 ? 1 : 0));
  const order = Int32Array.from(norms.keys()).filter((bucket) => known[bucket] === 1);
  order.sort((a, b) => importance[a]! - importance[b]! || norms[a]! - norms[b]! || a - b);
  for (const bucket of order.subarray(0, Math.round(sparsity * order.length))) known[bucket] = 0;
  return known;
}

/** The share of the buckets that weigh anything which no text has. */
export function unseenShare(norms: Float64Array, frequencies: Int32Array): number {
  let [known, unseen] = [0, 0];
  norms.forEach((norm, bucket) => {
    if (norm === 0) return;
    known++;
    if (frequencies[bucket] === 0) unseen++;
  });
  return known > 0 ? unseen / known : 0;
}
