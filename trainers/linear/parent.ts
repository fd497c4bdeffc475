// Goes on from a released linear model: the weights are kept near those of the release instead of near zero, which is
// called biased regularisation (Kienzle and Chellapilla, 2006, "Personalized handwriting recognition via biased
// regularization") or adaptive support vector machine (Yang, Yan and Hauptmann, 2007, "Cross-domain video concept detection
// using adaptive SVMs"): min |w - before|²/2 + C · losses. Dual descent solves it when its weights begin there.
import type { FeaturizerOptions, LoadableModel } from '../../schemas/model-manifest.ts';
import { mismatch, refuseOtherShape } from '../parent.ts';
import { uncalibratedSlope } from './calibration.ts';
import { readClassifier } from './release.ts';
import { type CountedTexts, rarityOf, type Vocabulary } from './terms.ts';

/** Where training begins. */
export interface Start {
  /** The buckets of the release, in its order, and after them those that only the new texts have. */
  readonly vocabulary: Vocabulary;
  /** Weights of a label as they were before calibration, the bias last; zero for a label that the release lacks. */
  weightsOf(label: string): Float64Array<ArrayBuffer>;
}

interface Wanted {
  readonly featurizer: FeaturizerOptions;
  readonly labels: readonly string[];
  readonly activation: 'softmax' | 'sigmoid';
  readonly documentsMin: number;
}

/** Throws `Misconfigured` where the release is of another kind or shape than what is to be trained. */
export function startFrom(parent: LoadableModel, texts: CountedTexts, wanted: Wanted): Start {
  const { manifest } = parent;
  const { release } = manifest;
  if (manifest.kind !== 'linear') throw mismatch(release, `it is a model of the kind ${manifest.kind}`);
  refuseOtherShape(release, manifest, wanted);
  const { calibration, temperature, labels } = manifest;
  if (calibration === 'platt') throw mismatch(release, 'each of its labels was calibrated by itself');
  const { vocabulary: before, classifier } = readClassifier(parent as LoadableModel<'linear'>);
  const vocabulary = extended(before, texts, wanted.documentsMin);
  const loss = manifest.parameters.loss === 'logistic' ? 'logistic' : 'squared-hinge';
  const slope = temperature === undefined ? uncalibratedSlope[loss] : 1 / temperature;
  return {
    vocabulary,
    weightsOf(label) {
      const weights = new Float64Array(vocabulary.idf.length);
      const column = labels.indexOf(label);
      if (column < 0) return weights;
      const scale = classifier.scales[column]! / slope;
      for (let feature = 0; feature < classifier.features; feature++)
        weights[feature] = classifier.table[feature * classifier.labels + column]! * scale;
      weights[weights.length - 1] = classifier.bias[column]! / slope;
      return weights;
    },
  };
}

/** New words have to be in at least `documentsMin` texts; their rarity is that among these texts. */
function extended(before: Vocabulary, texts: CountedTexts, documentsMin: number): Vocabulary {
  const { featurizer } = before;
  const documents = new Int32Array(before.slots.length);
  for (const id of texts.ids) documents[id]!++;
  const found = [...documents.keys()].filter(
    (id) => before.slots[id] === 0 && documents[id]! >= documentsMin,
  );
  const slots = before.slots.slice();
  const idf = new Uint8Array(before.idf.length + found.length);
  idf.set(before.idf);
  found.forEach((id, index) => {
    const slot = before.idf.length + index;
    slots[id] = slot;
    idf[slot] = rarityOf(documents[id]!, texts.size, documentsMin);
  });
  return { featurizer, slots, idf };
}
