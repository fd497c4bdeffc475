// A corpus: texts with their labels, featurized once and kept as flat typed arrays.
import { Featurizer } from '../../processors/inference/ngram.ts';
import type { FeaturizerOptions } from '../../schemas/model-manifest.ts';
import type { Example } from '../trainer.ts';

/** Row i has the ids [offsets[i], offsets[i+1]) and the label indices [labelOffsets[i], labelOffsets[i+1]). */
export interface Corpus {
  readonly size: number;
  readonly ids: Int32Array;
  readonly offsets: Int32Array;
  readonly labels: Int32Array;
  readonly labelOffsets: Int32Array;
  readonly weights: Float32Array;
}

/** Featurizes examples. Throws where an example has a label that is not among `labels`. */
export function buildCorpus(
  examples: readonly Example[],
  labels: readonly string[],
  options: FeaturizerOptions,
): Corpus {
  const featurizer = new Featurizer(options);
  const indexOf = new Map(labels.map((label, index) => [label, index]));
  let ids = new Int32Array(1 << 20);
  const offsets = new Int32Array(examples.length + 1);
  const labelIndices: number[] = [];
  const labelOffsets = new Int32Array(examples.length + 1);
  const weights = new Float32Array(examples.length);
  let end = 0;
  examples.forEach((example, row) => {
    if (end + options.idsMax > ids.length) {
      const larger = new Int32Array(ids.length * 2);
      larger.set(ids);
      ids = larger;
    }
    end = featurizer.featurize(example.text, ids, end);
    offsets[row + 1] = end;
    for (const label of example.labels) {
      const index = indexOf.get(label);
      if (index === undefined)
        throw new Error(`row ${row} has the label “${label}”, which the task does not declare`);
      labelIndices.push(index);
    }
    labelOffsets[row + 1] = labelIndices.length;
    weights[row] = example.weight ?? 1;
  });
  return {
    size: examples.length,
    ids: ids.slice(0, end),
    offsets,
    labels: Int32Array.from(labelIndices),
    labelOffsets,
    weights,
  };
}
