// What the models of comments read of a text: the same for toxicity, sentiment and emotion, so that a text is featurized
// once for all of them.
import type { FeaturizerOptions } from '../../schemas/model-manifest.ts';

/** Words 1–2, those after a negation also as negated, and characters 3–5 within words. */
export const commentFeaturizer: FeaturizerOptions = {
  words: 2,
  charactersMin: 3,
  charactersMax: 5,
  leadingWords: 0,
  wordBuckets: 131_072,
  characterBuckets: 262_144,
  idsMax: 2_048,
  negations: true,
};
