// Query expanders are no models of the engine: they answer nothing about a text, but widen a search.
import { Misconfigured } from '../../schemas/errors.ts';
import type { LoadableModel } from '../../schemas/model-manifest.ts';
import type { Model } from './model.ts';

/** Refuses, and says what an expander is for: processors/retrieval/expansion.ts reads its table. */
export async function loadExpanderModel({ manifest }: LoadableModel<'expander'>): Promise<Model> {
  throw new Misconfigured(`${manifest.release} widens search queries and answers nothing about a text`, {
    code: 'model-unfit',
    fix: 'Leave its task out of the tasks to be served.',
  });
}
