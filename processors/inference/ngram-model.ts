// An n-gram model ready to run: an ONNX Runtime session and the batches it is fed. Lives in one thread.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { FeaturizerOptions, LoadableModel, ManifestOf } from '../../schemas/model-manifest.ts';
import { type Input, type Model, textOf } from './model.ts';
import { Featurizer } from './ngram.ts';
import { fileOf, singleThread } from './session.ts';

/** Ids of one run at most, unless one text has more: what a run gathers then stays within the processor’s cache. */
const runIdsMax = 16_384;

/** Texts in featurized form, cut into runs. Models with equal featurizer options share them. */
export interface FeaturizedRun {
  /** Texts [start, end) of the batch. */
  readonly start: number;
  readonly end: number;
  readonly ids: Int32Array;
  readonly rows: BigInt64Array;
  readonly counts: Float32Array;
}

/** Featurizes texts into runs of bounded size. The runs own their memory: none is overwritten by the next. */
function featurizeRuns(featurizer: Featurizer, texts: readonly string[]): readonly FeaturizedRun[] {
  const runs: FeaturizedRun[] = [];
  const { idsMax } = featurizer.options;
  let ids = new Int32Array(runIdsMax + idsMax);
  const ends: number[] = [];
  let start = 0;
  let filled = 0;
  texts.forEach((text, index) => {
    filled = featurizer.featurize(text, ids, filled);
    ends.push(filled);
    if (filled < runIdsMax && index < texts.length - 1) return;
    runs.push(createRun(featurizer.options, start, ends, ids.subarray(0, filled)));
    ids = new Int32Array(runIdsMax + idsMax);
    ends.length = 0;
    start = index + 1;
    filled = 0;
  });
  return runs;
}

function createRun(
  options: FeaturizerOptions,
  start: number,
  ends: readonly number[],
  ids: Int32Array,
): FeaturizedRun {
  const rows = new BigInt64Array(ids.length);
  // Row numbers are small: writing their low words through 32 bits avoids a BigInt for every id.
  const rowWords = new Int32Array(rows.buffer);
  const counts = new Float32Array(2 * ends.length);
  let at = 0;
  ends.forEach((end, text) => {
    const from = at;
    let words = 0;
    for (; at < end; at++) {
      const isCharacters = ids[at]! >= options.wordBuckets ? 1 : 0;
      words += 1 - isCharacters;
      rowWords[2 * at] = 2 * text + isCharacters;
    }
    counts[2 * text] = words;
    counts[2 * text + 1] = end - from - words;
  });
  return { start, end: start + ends.length, ids, rows, counts };
}

/** Loads an n-gram release. */
export async function loadNgramModel(model: LoadableModel<'ngram'>): Promise<NgramModel> {
  const session = await InferenceSession.create(fileOf(model, 'model.onnx'), singleThread);
  return new NgramModel(model.manifest, session);
}

export class NgramModel implements Model<readonly FeaturizedRun[]> {
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

  prepare(inputs: readonly Input[]): readonly FeaturizedRun[] {
    return featurizeRuns(this.#featurizer, inputs.map(textOf));
  }

  /**
   * Probabilities of every label for `count` texts, row-major. A text without features gets the manifest’s
   * `emptyLabel` for sure, or nothing but zeros where that is none of the labels.
   */
  async predict(runs: readonly FeaturizedRun[], count: number): Promise<Float32Array<ArrayBuffer>> {
    const labels = this.manifest.labels.length;
    const probabilities = new Float32Array(count * labels);
    for (const run of runs) {
      if (run.ids.length > 0) {
        const target = probabilities.subarray(run.start * labels, run.end * labels);
        target.set(await this.#run(run, 'probabilities'));
      }
      this.#answerEmpty(run, probabilities);
    }
    return probabilities;
  }

  /** Raw scores of one run, before the activation. */
  async logits(run: FeaturizedRun): Promise<Float32Array> {
    return this.#run(run, 'logits');
  }

  async #run(run: FeaturizedRun, output: 'logits' | 'probabilities'): Promise<Float32Array> {
    const feeds = {
      ids: new Tensor('int32', run.ids, [run.ids.length]),
      rows: new Tensor('int64', run.rows, [run.rows.length, 1]),
      counts: new Tensor('float32', run.counts, [run.counts.length, 1]),
    };
    const results = await this.#session.run(feeds, [output]);
    return results[output]!.data as Float32Array;
  }

  #answerEmpty(run: FeaturizedRun, probabilities: Float32Array): void {
    const labels = this.manifest.labels.length;
    for (let text = run.start; text < run.end; text++) {
      const at = 2 * (text - run.start);
      if (run.counts[at]! + run.counts[at + 1]! > 0) continue;
      probabilities.fill(0, text * labels, (text + 1) * labels);
      if (this.#emptyLabel >= 0) probabilities[text * labels + this.#emptyLabel] = 1;
    }
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
