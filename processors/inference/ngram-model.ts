// An n-gram model ready to run: an ONNX Runtime session and the batches it is fed. Lives in one thread.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { LoadableModel, ManifestOf } from '../../schemas/model-manifest.ts';
import { answerRuns, type BagRun, bagRun } from './bag-runs.ts';
import { type Input, type Model, textOf } from './model.ts';
import { Featurizer } from './ngram.ts';
import { fileOf, singleThread } from './session.ts';

/** Ids of one run at most, unless one text has more: what a run gathers then stays within the processor’s cache. */
const runIdsMax = 16_384;

/** Featurizes texts into runs of bounded size. The runs own their memory: none is overwritten by the next. */
function featurizeRuns(featurizer: Featurizer, texts: readonly string[]): readonly BagRun[] {
  const runs: BagRun[] = [];
  const { idsMax, wordBuckets } = featurizer.options;
  let ids = new Int32Array(runIdsMax + idsMax);
  const ends: number[] = [];
  let start = 0;
  let filled = 0;
  texts.forEach((text, index) => {
    filled = featurizer.featurize(text, ids, filled);
    ends.push(filled);
    if (filled < runIdsMax && index < texts.length - 1) return;
    runs.push(bagRun(wordBuckets, start, ends, ids.subarray(0, filled)));
    ids = new Int32Array(runIdsMax + idsMax);
    ends.length = 0;
    start = index + 1;
    filled = 0;
  });
  return runs;
}

/** Loads an n-gram release. */
export async function loadNgramModel(model: LoadableModel<'ngram'>): Promise<NgramModel> {
  const session = await InferenceSession.create(fileOf(model, 'model.onnx'), singleThread);
  return new NgramModel(model.manifest, session);
}

export class NgramModel implements Model<readonly BagRun[]> {
  readonly manifest: ManifestOf<'ngram'>;
  readonly preparationKey: string;
  readonly #featurizer: Featurizer;
  readonly #session: InferenceSession;
  /** Index of the label an empty text gets; -1 where it is none of the model’s. */
  readonly #emptyLabel: number;

  constructor(manifest: ManifestOf<'ngram'>, session: InferenceSession) {
    this.manifest = manifest;
    this.preparationKey = `ngram ${JSON.stringify(manifest.featurizer)}`;
    this.#featurizer = new Featurizer(manifest.featurizer);
    this.#session = session;
    this.#emptyLabel = manifest.labels.indexOf(manifest.emptyLabel);
  }

  prepare(inputs: readonly Input[]): readonly BagRun[] {
    return featurizeRuns(this.#featurizer, inputs.map(textOf));
  }

  /**
   * Probabilities of every label for `count` texts, row-major. A text without features gets the manifest’s
   * `emptyLabel` for sure, or nothing but zeros where that is none of the labels.
   */
  predict(runs: readonly BagRun[], count: number): Promise<Float32Array<ArrayBuffer>> {
    const labels = this.manifest.labels.length;
    const places = { count, labels, emptyLabel: this.#emptyLabel };
    return answerRuns(runs, places, (run) => this.#run(run, 'probabilities'));
  }

  /** Raw scores of one run, before the activation. */
  async logits(run: BagRun): Promise<Float32Array> {
    return this.#run(run, 'logits');
  }

  async #run(run: BagRun, output: 'logits' | 'probabilities'): Promise<Float32Array> {
    const feeds = {
      ids: new Tensor('int32', run.ids, [run.ids.length]),
      rows: new Tensor('int64', run.rows, [run.rows.length, 1]),
      counts: new Tensor('float32', run.counts, [run.counts.length, 1]),
    };
    const results = await this.#session.run(feeds, [output]);
    return results[output]!.data as Float32Array;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
