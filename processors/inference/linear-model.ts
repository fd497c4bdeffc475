// A linear model over hashed TF-IDF, ready to run: its scores are summed here, its probabilities come from ONNX Runtime.
// Lives in one thread.
import type { LoadableModel, ManifestOf } from '../../schemas/model-manifest.ts';
import { type CountedRun, LinearScoring } from './bag-kernels.ts';
import { answerRuns } from './bag-runs.ts';
import { type Input, type Model, textOf } from './model.ts';
import { ModelTail } from './model-tail.ts';
import { Featurizer } from './ngram.ts';
import { TermCounter } from './ngram-counts.ts';
import { OnnxFile } from './onnx-file.ts';
import { fileOf } from './session.ts';

/** Loads a linear release. Throws where its graph is not the one that its kind has. */
export async function loadLinearModel(model: LoadableModel<'linear'>): Promise<LinearModel> {
  const { featurizer, labels } = model.manifest;
  const file = new OnnxFile(fileOf(model, 'model.onnx'));
  const scoring = new LinearScoring(file, featurizer);
  return new LinearModel(model.manifest, scoring, await ModelTail.open(file, 'logits', labels.length));
}

export class LinearModel implements Model<CountedRun> {
  readonly manifest: ManifestOf<'linear'>;
  readonly preparationKey: string;
  readonly #featurizer: Featurizer;
  readonly #counter: TermCounter;
  readonly #scoring: LinearScoring;
  readonly #tail: ModelTail;
  /** Index of the label an empty text gets; -1 where it is none of the model's. */
  readonly #emptyLabel: number;
  /** Where ids and frequencies are written first: what is prepared owns copies of them. */
  #ids = new Int32Array(16_384);
  #frequencies = new Float32Array(16_384);

  constructor(manifest: ManifestOf<'linear'>, scoring: LinearScoring, tail: ModelTail) {
    const { featurizer, labels, emptyLabel } = manifest;
    this.manifest = manifest;
    this.preparationKey = `linear ${JSON.stringify(featurizer)}`;
    this.#featurizer = new Featurizer(featurizer);
    this.#counter = new TermCounter(featurizer.wordBuckets + featurizer.characterBuckets);
    this.#scoring = scoring;
    this.#tail = tail;
    this.#emptyLabel = labels.indexOf(emptyLabel);
  }

  prepare(inputs: readonly Input[]): CountedRun {
    const ends = new Int32Array(inputs.length);
    const { idsMax } = this.#featurizer.options;
    let filled = 0;
    inputs.forEach((input, index) => {
      if (this.#ids.length < filled + idsMax) this.#grow(filled + idsMax);
      const end = this.#featurizer.featurize(textOf(input), this.#ids, filled);
      filled = this.#counter.count(this.#ids, filled, end, this.#frequencies);
      ends[index] = filled;
    });
    const ids = this.#ids.slice(0, filled);
    return { start: 0, end: inputs.length, ids, ends, frequencies: this.#frequencies.slice(0, filled) };
  }

  #grow(length: number): void {
    const [ids, frequencies] = [this.#ids, this.#frequencies];
    this.#ids = new Int32Array(2 * length);
    this.#frequencies = new Float32Array(2 * length);
    this.#ids.set(ids);
    this.#frequencies.set(frequencies);
  }

  /**
   * Probabilities of every label for `count` texts, row-major. A text without features gets the manifest's
   * `emptyLabel` for sure, or nothing but zeros where that is none of the labels.
   */
  predict(run: CountedRun, count: number): Promise<Float32Array<ArrayBuffer>> {
    const labels = this.manifest.labels.length;
    const places = { count, labels, emptyLabel: this.#emptyLabel };
    return answerRuns([run], places, () => this.#tail.run(this.logits(run), 'probabilities'));
  }

  /** Calibrated scores, before the activation. */
  logits(run: CountedRun): Float32Array {
    return this.#scoring.score(run);
  }

  close(): Promise<void> {
    return this.#tail.close();
  }
}
