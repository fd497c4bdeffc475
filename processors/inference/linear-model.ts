// A linear model over hashed TF-IDF, ready to run: an ONNX Runtime session and the batches it is fed. Lives in one
// thread.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { LoadableModel, ManifestOf } from '../../schemas/model-manifest.ts';
import { answerRuns, type BagRun, bagRun } from './bag-runs.ts';
import { type Input, type Model, textOf } from './model.ts';
import { Featurizer } from './ngram.ts';
import { TermCounter } from './ngram-counts.ts';
import { fileOf, singleThread } from './session.ts';

/** Weights gathered in one run at most, unless one text has more: they then stay within the processor's cache. */
const runWeightsMax = 262_144;

/** Texts as counted terms: one run of the session. */
export interface CountedRun extends BagRun {
  /** 1 + ln(count) of each id; ids are different ones here. */
  readonly frequencies: Float32Array;
}

/** Loads a linear release. */
export async function loadLinearModel(model: LoadableModel<'linear'>): Promise<LinearModel> {
  const session = await InferenceSession.create(fileOf(model, 'model.onnx'), singleThread);
  return new LinearModel(model.manifest, session);
}

export class LinearModel implements Model<readonly CountedRun[]> {
  readonly manifest: ManifestOf<'linear'>;
  readonly preparationKey: string;
  readonly #featurizer: Featurizer;
  readonly #counter: TermCounter;
  readonly #session: InferenceSession;
  readonly #runIdsMax: number;
  /** Index of the label an empty text gets; -1 where it is none of the model's. */
  readonly #emptyLabel: number;

  constructor(manifest: ManifestOf<'linear'>, session: InferenceSession) {
    const { featurizer, labels, emptyLabel } = manifest;
    this.manifest = manifest;
    // A power of two, so that models with about as many labels share what they are fed.
    this.#runIdsMax =
      2 ** Math.floor(Math.log2(Math.max(1_024, runWeightsMax / Math.max(16, labels.length))));
    this.preparationKey = `linear ${this.#runIdsMax} ${JSON.stringify(featurizer)}`;
    this.#featurizer = new Featurizer(featurizer);
    this.#counter = new TermCounter(featurizer.wordBuckets + featurizer.characterBuckets);
    this.#session = session;
    this.#emptyLabel = labels.indexOf(emptyLabel);
  }

  /** The runs own their memory: none is overwritten by the next. */
  prepare(inputs: readonly Input[]): readonly CountedRun[] {
    const runs: CountedRun[] = [];
    const size = this.#runIdsMax + this.#featurizer.options.idsMax;
    let ids = new Int32Array(size);
    let frequencies = new Float32Array(size);
    const ends: number[] = [];
    let start = 0;
    let filled = 0;
    inputs.forEach((input, index) => {
      const end = this.#featurizer.featurize(textOf(input), ids, filled);
      filled = this.#counter.count(ids, filled, end, frequencies);
      ends.push(filled);
      if (filled < this.#runIdsMax && index < inputs.length - 1) return;
      const run = bagRun(this.#featurizer.options.wordBuckets, start, ends, ids.subarray(0, filled));
      runs.push({ ...run, frequencies: frequencies.subarray(0, filled) });
      ids = new Int32Array(size);
      frequencies = new Float32Array(size);
      ends.length = 0;
      start = index + 1;
      filled = 0;
    });
    return runs;
  }

  /**
   * Probabilities of every label for `count` texts, row-major. A text without features gets the manifest's
   * `emptyLabel` for sure, or nothing but zeros where that is none of the labels.
   */
  predict(runs: readonly CountedRun[], count: number): Promise<Float32Array<ArrayBuffer>> {
    const labels = this.manifest.labels.length;
    const places = { count, labels, emptyLabel: this.#emptyLabel };
    return answerRuns(runs, places, (run) => this.#run(run, 'probabilities'));
  }

  /** Calibrated scores of one run, before the activation. */
  async logits(run: CountedRun): Promise<Float32Array> {
    return this.#run(run, 'logits');
  }

  async #run(run: CountedRun, output: 'logits' | 'probabilities'): Promise<Float32Array> {
    const { ids, frequencies, rows, counts } = run;
    const feeds = {
      ids: new Tensor('int32', ids, [ids.length]),
      frequencies: new Tensor('float32', frequencies, [ids.length, 1]),
      rows: new Tensor('int64', rows, [ids.length, 1]),
      counts: new Tensor('float32', counts, [counts.length, 1]),
    };
    const results = await this.#session.run(feeds, [output]);
    return results[output]!.data as Float32Array;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
