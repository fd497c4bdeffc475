// From a release to a model that runs: one line for each kind.
import type { LoadableModel, ModelKind } from '../../schemas/model-manifest.ts';
import type { Model } from './model.ts';
import { loadNgramModel } from './ngram-model.ts';

type Loaders = {
  readonly [Kind in ModelKind]: (model: LoadableModel<Kind>) => Promise<Model>;
};

const loaders: Loaders = {
  ngram: loadNgramModel,
};

/** Loads a release into this thread. Throws where its files are not what its kind needs. */
export function loadModel(model: LoadableModel): Promise<Model> {
  const load = loaders[model.manifest.kind] as (model: LoadableModel) => Promise<Model>;
  return load(model);
}
