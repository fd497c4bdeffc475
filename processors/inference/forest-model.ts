// A forest ready to run: texts become named numbers, trees in an ONNX Runtime session answer. Lives in one thread.
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { type FeatureName, featureAt } from '../../schemas/features.ts';
import type { LoadableModel, ManifestOf } from '../../schemas/model-manifest.ts';
import { createVector } from '../features/vector.ts';
import { type Input, type Model, textOf } from './model.ts';
import { fileOf, openCpuSession } from './session.ts';

/** Loads a forest. Throws when a feature it names is none, or when ONNX Runtime refuses the file. */
export async function loadForestModel(model: LoadableModel<'forest'>): Promise<ForestModel> {
  const columns = model.manifest.featureNames.map((name) => {
    const column = featureAt[name as FeatureName];
    if (column === undefined)
      throw new Error(`the release ${model.manifest.release} wants a feature “${name}”, which there is not`);
    return column;
  });
  const session = await openCpuSession(fileOf(model, 'model.onnx'));
  return new ForestModel(model.manifest, columns, session);
}

class ForestModel implements Model<Float32Array> {
  /** Every forest reads the whole vector, so all of them share it; each picks its columns. */
  readonly preparationKey = 'forest prompt';
  readonly manifest: ManifestOf<'forest'>;
  readonly #vector = createVector();
  readonly #columns: readonly number[];
  readonly #session: InferenceSession;
  readonly #emptyLabel: number;

  constructor(manifest: ManifestOf<'forest'>, columns: readonly number[], session: InferenceSession) {
    this.manifest = manifest;
    this.#columns = columns;
    this.#session = session;
    this.#emptyLabel = manifest.labels.indexOf(manifest.emptyLabel);
  }

  /** The feature vectors of cleaned texts, row-major. */
  prepare(inputs: readonly Input[]): Float32Array {
    const prepared = new Float32Array(inputs.length * vectorLength);
    inputs.forEach((input, row) => {
      prepared.set(this.#vector(textOf(input)), row * vectorLength);
    });
    return prepared;
  }

  /**
   * Values or probabilities of every label for `count` texts, row-major. Where the answers are probabilities, a text
   * without a word gets the manifest’s `emptyLabel` for sure, or nothing but zeros where that is none of the labels.
   */
  async predict(prepared: Float32Array, count: number): Promise<Float32Array<ArrayBuffer>> {
    const labels = this.manifest.labels.length;
    const answers = Float32Array.from(await this.#run(prepared, count, 'answers'));
    if (this.manifest.activation === 'identity') return answers;
    for (let row = 0; row < count; row++) {
      if (prepared[row * vectorLength + featureAt.words]! > 0) continue;
      answers.fill(0, row * labels, (row + 1) * labels);
      if (this.#emptyLabel >= 0) answers[row * labels + this.#emptyLabel] = 1;
    }
    return answers;
  }

  /**
   * How far the trees differ about each label: the standard deviation over trees, row-major, in the unit of the
   * answers. Throws where the forest has none (manifest.spread).
   */
  async spread(prepared: Float32Array, count: number): Promise<Float32Array> {
    if (!this.manifest.spread) throw new Error(`the release ${this.manifest.release} has no spread`);
    return this.#run(prepared, count, 'spread');
  }

  async #run(prepared: Float32Array, count: number, output: 'answers' | 'spread'): Promise<Float32Array> {
    if (count === 0) return new Float32Array(0);
    const columns = this.#columns;
    const features = new Float32Array(count * columns.length);
    for (let row = 0; row < count; row++) {
      for (let at = 0; at < columns.length; at++) {
        features[row * columns.length + at] = prepared[row * vectorLength + columns[at]!]!;
      }
    }
    const feeds = { features: new Tensor('float32', features, [count, columns.length]) };
    const results = await this.#session.run(feeds, [output]);
    return results[output]!.data as Float32Array;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

const vectorLength = Object.keys(featureAt).length;
