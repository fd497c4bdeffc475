// An n-gram model ready to run: its ids are pooled here, the rest of its graph runs in ONNX Runtime. Lives in one thread.
import type { LoadableModel, ManifestOf } from '../../schemas/model-manifest.ts';
import { BagPooling } from './bag-kernels.ts';
import { answerRuns, type BagRun, runIdsMax } from './bag-runs.ts';
import { type Input, type Model, textOf } from './model.ts';
import { ModelTail, type TailOutput } from './model-tail.ts';
import { Featurizer } from './ngram.ts';
import { OnnxFile } from './onnx-file.ts';
import { fileOf } from './session.ts';

/** Loads an n-gram release. Throws where its graph is not the one that its kind has. */
export async function loadNgramModel(model: LoadableModel<'ngram'>): Promise<NgramModel> {
  const file = new OnnxFile(fileOf(model, 'model.onnx'));
  const pooling = new BagPooling(file, model.manifest.featurizer);
  return new NgramModel(model.manifest, pooling, await ModelTail.open(file, 'bags', pooling.width));
}

export class NgramModel implements Model<readonly BagRun[]> {
  readonly manifest: ManifestOf<'ngram'>;
  readonly preparationKey: string;
  readonly #featurizer: Featurizer;
  readonly #pooling: BagPooling;
  readonly #tail: ModelTail;
  /** Where ids are written first: runs own copies of what they need. */
  readonly #ids: Int32Array;
  /** Index of the label an empty text gets; -1 where it is none of the model’s. */
  readonly #emptyLabel: number;

  constructor(manifest: ManifestOf<'ngram'>, pooling: BagPooling, tail: ModelTail) {
    this.manifest = manifest;
    this.preparationKey = `ngram ${JSON.stringify(manifest.featurizer)}`;
    this.#featurizer = new Featurizer(manifest.featurizer);
    this.#pooling = pooling;
    this.#tail = tail;
    this.#ids = new Int32Array(runIdsMax + manifest.featurizer.idsMax);
    this.#emptyLabel = manifest.labels.indexOf(manifest.emptyLabel);
  }

  /** Runs of bounded size. */
  prepare(inputs: readonly Input[]): readonly BagRun[] {
    const runs: BagRun[] = [];
    const ids = this.#ids;
    let ends: number[] = [];
    let start = 0;
    let filled = 0;
    inputs.forEach((input, index) => {
      filled = this.#featurizer.featurize(textOf(input), ids, filled);
      ends.push(filled);
      if (filled < runIdsMax && index < inputs.length - 1) return;
      runs.push({ start, end: index + 1, ids: ids.slice(0, filled), ends: Int32Array.from(ends) });
      ends = [];
      start = index + 1;
      filled = 0;
    });
    return runs;
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
  logits(run: BagRun): Promise<Float32Array> {
    return this.#run(run, 'logits');
  }

  #run(run: BagRun, output: TailOutput): Promise<Float32Array> {
    return this.#tail.run(this.#pooling.poolRun(run), output);
  }

  close(): Promise<void> {
    return this.#tail.close();
  }
}
