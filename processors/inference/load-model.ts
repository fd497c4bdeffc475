// From a release to a model that runs: one line for each kind.
import type { LoadableModel, ModelKind } from '../../schemas/model-manifest.ts';
import { loadCnnModel } from './cnn-model.ts';
import { loadExpanderModel } from './expander-model.ts';
import { loadForestModel } from './forest-model.ts';
import { loadLanguageModel } from './language-model.ts';
import { loadLinearModel } from './linear-model.ts';
import type { Model } from './model.ts';
import { loadNgramModel } from './ngram-model.ts';
import { loadRankerModel } from './ranker-model.ts';
import { loadTransformerModel } from './transformer/transformer-model.ts';

type Loaders = {
  readonly [Kind in ModelKind]: (model: LoadableModel<Kind>) => Promise<Model>;
};

const loaders: Loaders = {
  ranker: loadRankerModel,
  expander: loadExpanderModel,
  cnn: loadCnnModel,
  ngram: loadNgramModel,
  transformer: loadTransformerModel,
  forest: loadForestModel,
  language: loadLanguageModel,
  linear: loadLinearModel,
};

/** Loads a release into this thread. Throws where its files are not what its kind needs. */
export function loadModel(model: LoadableModel): Promise<Model> {
  const load = loaders[model.manifest.kind] as (model: LoadableModel) => Promise<Model>;
  return load(model);
}
