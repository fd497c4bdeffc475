// A text CNN ready to run: words in their order, through ONNX Runtime, to probabilities.
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { LoadableModel, ManifestOf } from '../../schemas/model-manifest.ts';
import { type Input, type Model, textOf } from './model.ts';
import { fileOf, openCpuSession } from './session.ts';
import { WordNumbers } from './word-ids.ts';

/** Texts of one run at most: what it computes in between then stays small. */
const runTextsMax = 128;

/** Loads a CNN release. Throws where its vocabulary is no list of words. */
export async function loadCnnModel(model: LoadableModel<'cnn'>): Promise<CnnModel> {
  const vocabulary = JSON.parse(new TextDecoder().decode(fileOf(model, 'vocabulary.json'))) as unknown;
  if (!Array.isArray(vocabulary)) throw new Error(`vocabulary.json of ${model.manifest.release} is no list`);
  const session = await openCpuSession(fileOf(model, 'model.onnx'));
  return new CnnModel(model.manifest, vocabulary as string[], session);
}

export class CnnModel implements Model<Int32Array> {
  readonly manifest: ManifestOf<'cnn'>;
  readonly preparationKey: string;
  readonly #words: WordNumbers;
  readonly #session: InferenceSession;

  constructor(manifest: ManifestOf<'cnn'>, vocabulary: readonly string[], session: InferenceSession) {
    this.manifest = manifest;
    // The vocabulary is the release’s own.
    this.preparationKey = `cnn ${manifest.release}`;
    this.#words = new WordNumbers(vocabulary, manifest.hashBuckets, manifest.wordsMax);
    this.#session = session;
  }

  prepare(inputs: readonly Input[]): Int32Array<ArrayBuffer> {
    return this.#words.read(inputs.map(textOf));
  }

  /** Probabilities; a text without words gets the manifest’s `emptyLabel` for sure, or zeros where it is no label. */
  async predict(ids: Int32Array, count: number): Promise<Float32Array<ArrayBuffer>> {
    const probabilities = await this.#run(ids, count, 'probabilities');
    const labels = this.manifest.labels.length;
    const empty = this.manifest.labels.indexOf(this.manifest.emptyLabel);
    for (let row = 0; row < count; row++) {
      if (ids[row * this.#words.wordsMax] !== 0) continue;
      probabilities.fill(0, row * labels, (row + 1) * labels);
      if (empty >= 0) probabilities[row * labels + empty] = 1;
    }
    return probabilities;
  }

  /** Raw scores, before the activation. */
  logits(ids: Int32Array, count: number): Promise<Float32Array<ArrayBuffer>> {
    return this.#run(ids, count, 'logits');
  }

  async #run(ids: Int32Array, count: number, output: string): Promise<Float32Array<ArrayBuffer>> {
    const { wordsMax } = this.#words;
    const labels = this.manifest.labels.length;
    const values = new Float32Array(count * labels);
    for (let start = 0; start < count; start += runTextsMax) {
      const size = Math.min(runTextsMax, count - start);
      const part = ids.subarray(start * wordsMax, (start + size) * wordsMax);
      const results = await this.#session.run({ ids: new Tensor('int32', part, [size, wordsMax]) }, [output]);
      values.set(results[output]!.data as Float32Array, start * labels);
    }
    return values;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
