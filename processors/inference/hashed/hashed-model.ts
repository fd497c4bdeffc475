// A model over hashed words: an ONNX Runtime session that is fed padded ids and a mask. Lives in one thread.
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { LoadableModel, ManifestOf } from '../../../schemas/model-manifest.ts';
import { answerPadded, ModelArrays, paddedRuns } from '../batching/padding.ts';
import {
  type Input,
  type PaddedBatch,
  type PlacedBatch,
  type TokenFront,
  type TokenModel,
  type TokenRows,
  textOf,
} from '../model.ts';
import { fileOf, openCpuSession } from '../session.ts';
import { activate } from '../transformer/outputs.ts';
import { ByteTokenizer } from './byte-tokenizer.ts';

type Manifest = ManifestOf<'hashed'>;

/** Texts to hashed ids. */
export class HashedFront implements TokenFront {
  readonly padId: number;
  readonly tokensMax: number;
  readonly preparationKey: string;
  readonly #tokenizer: ByteTokenizer;

  constructor({ hashing }: Pick<Manifest, 'hashing'>) {
    this.padId = hashing.padId;
    this.tokensMax = hashing.idsMax;
    this.preparationKey = `hashed ${JSON.stringify(hashing)}`;
    this.#tokenizer = new ByteTokenizer(hashing);
  }

  tokenize(inputs: readonly Input[]): TokenRows {
    for (const input of inputs) this.#tokenizer.addText(textOf(input));
    return this.#tokenizer.take();
  }
}

/** Loads a hashed release. Throws where the graph has other inputs or outputs than the manifest says. */
export async function loadHashedModel(model: LoadableModel<'hashed'>): Promise<HashedModel> {
  const session = await openCpuSession(fileOf(model, 'model.onnx'));
  const { inputs, output } = model.manifest;
  const fed = [inputs.ids, ...(inputs.mask ? [inputs.mask.name] : [])];
  const strange = session.inputNames.find((name) => !fed.includes(name));
  if (strange !== undefined) throw new Error(`the graph wants an input “${strange}” that is not fed`);
  if (!session.outputNames.includes(output)) throw new Error(`the graph has no output “${output}”`);
  return new HashedModel(model.manifest, session);
}

export class HashedModel implements TokenModel {
  readonly manifest: Manifest;
  readonly padId: number;
  readonly tokensMax: number;
  readonly preparationKey: string;
  readonly #front: HashedFront;
  readonly #session: InferenceSession;
  readonly #arrays = new ModelArrays();
  /** Reused, and grown to the largest batch. */
  #floats = new Float32Array(0);

  constructor(manifest: Manifest, session: InferenceSession) {
    this.manifest = manifest;
    this.#front = new HashedFront(manifest);
    this.padId = this.#front.padId;
    this.tokensMax = this.#front.tokensMax;
    this.preparationKey = this.#front.preparationKey;
    this.#session = session;
  }

  tokenize(inputs: readonly Input[]): TokenRows {
    return this.#front.tokenize(inputs);
  }

  prepare(inputs: readonly Input[]): readonly PlacedBatch[] {
    return paddedRuns(this.tokenize(inputs), this.padId);
  }

  predict(batches: readonly PlacedBatch[], count: number): Promise<Float32Array<ArrayBuffer>> {
    return answerPadded(this, batches, count);
  }

  /** A text without words is a row of padding, and what the model says about that. */
  async runPadded(batch: PaddedBatch, into: Float32Array<ArrayBufferLike>): Promise<void> {
    const { inputs, output, labels, activation, activated } = this.manifest;
    const shape = [batch.rows, batch.width];
    const feeds: Record<string, Tensor> = { [inputs.ids]: new Tensor('int64', batch.ids, shape) };
    if (inputs.mask?.type === 'int64')
      feeds[inputs.mask.name] = new Tensor('int64', this.#arrays.mask(batch), shape);
    if (inputs.mask?.type === 'float32')
      feeds[inputs.mask.name] = new Tensor('float32', this.#floatMask(batch), shape);
    const results = await this.#session.run(feeds, [output]);
    const values = results[output]!.data as Float32Array;
    const width = labels.length;
    if (values.length !== batch.rows * width)
      throw new Error(`${values.length} values for ${batch.rows} texts of ${width} labels`);
    into.set(values);
    if (activated) return;
    for (let row = 0; row < batch.rows; row++)
      activate(into.subarray(row * width, (row + 1) * width), activation);
  }

  /** 1 for every id, 0 for padding. */
  #floatMask({ rows, width, lengths }: PaddedBatch): Float32Array {
    if (this.#floats.length < rows * width) this.#floats = new Float32Array(rows * width);
    const mask = this.#floats.subarray(0, rows * width);
    mask.fill(1);
    for (let row = 0; row < rows; row++)
      if (lengths[row]! < width) mask.fill(0, row * width + lengths[row]!, (row + 1) * width);
    return mask;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
