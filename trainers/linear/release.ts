// Reads the classifier of a released linear model back, to make it smaller.
import type { LoadableModel } from '../../schemas/model-manifest.ts';
import { floatsOf, readInitializers, smallIntegersOf } from '../optimisation/initializers.ts';
import { slotsFrom } from '../optimisation/slots.ts';
import type { Classifier } from './classifier.ts';
import type { Vocabulary } from './terms.ts';

/** A classifier and the buckets it knows. */
export interface ReleasedClassifier {
  readonly vocabulary: Vocabulary;
  readonly classifier: Classifier;
}

/** The classifier as it was released: scales and bias are calibrated. */
export function readClassifier({ manifest, files }: LoadableModel<'linear'>): ReleasedClassifier {
  const { featurizer, labels } = manifest;
  const constants = readInitializers(manifest.release, files.get('model.onnx'));
  const buckets = featurizer.wordBuckets + featurizer.characterBuckets;
  const rows = slotsFrom(constants.get('knownBits'), buckets);
  const rarities = new Uint8Array(smallIntegersOf(constants, 'idf').buffer);
  const table = smallIntegersOf(constants, 'table');
  const known = rows.map((row) => (rarities[row] === 0 ? -1 : row));
  const slots = new Int32Array(buckets);
  const kept: number[] = [];
  known.forEach((row, bucket) => {
    if (row >= 0) slots[bucket] = kept.push(row);
  });
  const classifier: Classifier = {
    labels: labels.length,
    features: kept.length,
    table: new Int8Array(kept.length * labels.length),
    scales: floatsOf(constants, 'scales'),
    bias: floatsOf(constants, 'bias'),
  };
  const idf = new Uint8Array(kept.length + 1);
  kept.forEach((row, index) => {
    idf[index + 1] = rarities[row]!;
    classifier.table.set(
      table.subarray(row * labels.length, (row + 1) * labels.length),
      index * labels.length,
    );
  });
  return { vocabulary: { featurizer, slots, idf }, classifier };
}
