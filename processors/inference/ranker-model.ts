// A ranker ready to run: a question and a candidate answer to a score. Higher is better; only the order says something.
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { Misconfigured } from '../../schemas/errors.ts';
import type { LoadableModel, ManifestOf } from '../../schemas/model-manifest.ts';
import { PairFeaturizer, pairFeatureNames } from '../retrieval/pair-features.ts';
import { readTermTable } from '../retrieval/term-table.ts';
import type { Input, Model } from './model.ts';
import { fileOf, openCpuSession } from './session.ts';

/** Loads a ranker release. Throws where it was made for other features than this code has. */
export async function loadRankerModel(model: LoadableModel<'ranker'>): Promise<Model<Float32Array>> {
  const { features, release } = model.manifest;
  if (features.join() !== pairFeatureNames.join()) {
    throw new Misconfigured(
      `the ranker ${release} reads other features than this version of Millrace makes`,
      {
        code: 'model-outdated',
        fix: 'Train it again with “millrace train”, or run the version of Millrace that made it.',
      },
    );
  }
  const featurizer = new PairFeaturizer(readTermTable(fileOf(model, 'terms.bin')));
  const session = await openCpuSession(fileOf(model, 'model.onnx'));
  return new RankerModel(model.manifest, featurizer, session);
}

class RankerModel implements Model<Float32Array> {
  readonly manifest: ManifestOf<'ranker'>;
  readonly preparationKey: string;
  readonly #featurizer: PairFeaturizer;
  readonly #session: InferenceSession;

  constructor(manifest: ManifestOf<'ranker'>, featurizer: PairFeaturizer, session: InferenceSession) {
    this.manifest = manifest;
    // Features depend on the release’s own term table: nothing is shared with other models.
    this.preparationKey = `ranker ${manifest.release}`;
    this.#featurizer = featurizer;
    this.#session = session;
  }

  /** Features of each pair. Throws `Misconfigured` for an input that is one text only. */
  prepare(inputs: readonly Input[]): Float32Array<ArrayBuffer> {
    return this.#featurizer.featurize(inputs.map((input) => pairOf(input, this.manifest.release)));
  }

  async predict(features: Float32Array, count: number): Promise<Float32Array<ArrayBuffer>> {
    if (count === 0) return new Float32Array(0);
    const feeds = { features: new Tensor('float32', features, [count, pairFeatureNames.length]) };
    const { scores } = await this.#session.run(feeds, ['scores']);
    return Float32Array.from(scores!.data as Float32Array);
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

function pairOf(input: Input, release: string): readonly [string, string] {
  if (typeof input !== 'string') return input;
  throw new Misconfigured(`${release} compares two texts, and was given one`, {
    code: 'input-unfit',
    fix: 'Give it a question and a candidate answer.',
  });
}
