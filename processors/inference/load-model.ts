// From a release to a model that runs: one line for each kind.
import type { LoadableModel, ModelKind } from '../../schemas/model-manifest.ts';
import { loadCnnModel } from './cnn-model.ts';
import { loadExpanderModel } from './expander-model.ts';
import { loadForestModel } from './forest-model.ts';
import { HashedFront, loadHashedModel } from './hashed/hashed-model.ts';
import { loadLanguageModel } from './language-model.ts';
import { loadLinearModel } from './linear-model.ts';
import type { Model, TokenFront } from './model.ts';
import { loadNgramModel } from './ngram-model.ts';
import { loadRankerModel } from './ranker-model.ts';
import { onCpu, type Placement } from './session.ts';
import { loadTokenizer, TransformerFront } from './transformer/transformer-front.ts';
import { loadTransformerModel } from './transformer/transformer-model.ts';

type Loaders = {
  readonly [Kind in ModelKind]: (model: LoadableModel<Kind>, placement: Placement) => Promise<Model>;
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
  hashed: loadHashedModel,
};

/**
 * Loads a release into this thread; transformers onto the device, what is small onto the processor, always. Throws where
 * its files are not what its kind needs.
 */
export function loadModel(model: LoadableModel, placement: Placement = onCpu): Promise<Model> {
  const load = loaders[model.manifest.kind] as (model: LoadableModel, to: Placement) => Promise<Model>;
  return load(model, placement);
}

type Fronts = {
  readonly [Kind in ModelKind]?: (model: LoadableModel<Kind>) => TokenFront;
};

/** Kinds whose models are fed tokens. */
const fronts: Fronts = {
  transformer: (model) => new TransformerFront(model.manifest, loadTokenizer(model)),
  hashed: (model) => new HashedFront(model.manifest),
};

/** What makes tokens for a release, without its session; null for kinds that read texts. Throws as `loadModel` does. */
export function loadFront(model: LoadableModel): TokenFront | null {
  const load = fronts[model.manifest.kind] as ((model: LoadableModel) => TokenFront) | undefined;
  return load?.(model) ?? null;
}
