// A transformer ready to run: tokenizer, ONNX Runtime session, and what its output means. Lives in one thread.
import { Tensor } from 'onnxruntime-node';
import type { LoadableModel, ManifestOf } from '../../../schemas/model-manifest.ts';
import { answerPadded, ModelArrays, paddedRuns } from '../batching/padding.ts';
import type { Input, PaddedBatch, PlacedBatch, TokenModel, TokenRows } from '../model.ts';
import { fileOf, onCpu, openSession, type Placement, type Session } from '../session.ts';
import type { Encoding } from './frame.ts';
import { activate, pool, scaleToOne } from './outputs.ts';
import type { TransformerTokenizer } from './tokenizer.ts';
import { loadTokenizer, rowsOf, TransformerFront } from './transformer-front.ts';

/** Names of graph inputs that can be fed. */
const feedable = ['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'] as const;

/** RoBERTa and its kin count positions from the one after padding’s. */
const positionsAfterPadding = new Set(['roberta', 'xlm-roberta', 'camembert', 'xlm-roberta-xl']);

/** Loads a transformer release. Throws where the tokenizer is of no known kind, or the graph wants what is not known. */
export async function loadTransformerModel(
  model: LoadableModel<'transformer'>,
  placement: Placement = onCpu,
): Promise<TransformerModel> {
  const tokenizer = loadTokenizer(model);
  const session = await openSession(fileOf(model, 'model.onnx'), model.manifest, placement);
  return new TransformerModel(model.manifest, tokenizer, session);
}

export class TransformerModel implements TokenModel {
  readonly manifest: ManifestOf<'transformer'>;
  readonly padId: number;
  readonly tokensMax: number;
  readonly preparationKey: string;
  readonly tokenizer: TransformerTokenizer;
  readonly #front: TransformerFront;
  readonly #session: Session;
  readonly #arrays = new ModelArrays();

  constructor(manifest: ManifestOf<'transformer'>, tokenizer: TransformerTokenizer, session: Session) {
    const unknown = session.inputNames.find((name) => !(feedable as readonly string[]).includes(name));
    if (unknown !== undefined) throw new Error(`the graph wants an input “${unknown}” that is not known`);
    this.manifest = manifest;
    this.tokenizer = tokenizer;
    this.#front = new TransformerFront(manifest, tokenizer);
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

  /** Encodings of this model’s tokenizer in the form that `predict` reads. */
  batch(encodings: readonly Encoding[]): readonly PlacedBatch[] {
    return paddedRuns(rowsOf(encodings), this.padId);
  }

  /** Dimensions of the graph’s own output for inputs that fit into one run: what an import has to check. */
  async outputDims(inputs: readonly Input[]): Promise<readonly number[]> {
    const { output } = this.manifest;
    const results = await this.#session.run(this.#feeds(this.prepare(inputs)[0]!), [output]);
    return results[output]!.dims;
  }

  predict(batches: readonly PlacedBatch[], count: number): Promise<Float32Array<ArrayBuffer>> {
    return answerPadded(this, batches, count);
  }

  /** Logits or embeddings, before the activation. */
  outputs(batches: readonly PlacedBatch[], count: number): Promise<Float32Array<ArrayBuffer>> {
    const { manifest } = this;
    const runPadded = (batch: PaddedBatch, into: Float32Array<ArrayBufferLike>) => this.#run(batch, into);
    return answerPadded({ manifest, runPadded }, batches, count);
  }

  async runPadded(batch: PaddedBatch, into: Float32Array<ArrayBufferLike>): Promise<void> {
    await this.#run(batch, into);
    const width = this.manifest.labels.length;
    for (let row = 0; row < batch.rows; row++)
      activate(into.subarray(row * width, (row + 1) * width), this.manifest.activation);
  }

  async #run(batch: PaddedBatch, into: Float32Array<ArrayBufferLike>): Promise<void> {
    const { output, labels } = this.manifest;
    const data = (await this.#session.run(this.#feeds(batch), [output]))[output]!.data as Float32Array;
    for (let row = 0; row < batch.rows; row++)
      this.#read(data, batch, row, into.subarray(row * labels.length, (row + 1) * labels.length));
  }

  #feeds(batch: PaddedBatch): Record<string, Tensor> {
    const { architecture, padId } = this.manifest;
    const first = positionsAfterPadding.has(architecture) ? padId + 1 : 0;
    const shape = [batch.rows, batch.width];
    const feeds: Record<string, Tensor> = {};
    for (const name of this.#session.inputNames as readonly (typeof feedable)[number][]) {
      const data = {
        input_ids: () => batch.ids,
        attention_mask: () => this.#arrays.mask(batch),
        token_type_ids: () => this.#arrays.types(batch),
        position_ids: () => this.#arrays.positions(batch, first),
      }[name]();
      feeds[name] = new Tensor('int64', data, shape);
    }
    return feeds;
  }

  #read(data: Float32Array, batch: PaddedBatch, row: number, into: Float32Array): void {
    const { pooling, normalize } = this.manifest;
    const size = data.length / batch.rows;
    const values = data.subarray(row * size, (row + 1) * size);
    if (pooling === undefined || pooling === 'none') into.set(values);
    else pool({ values, width: into.length, tokens: batch.lengths[row]! }, pooling, into);
    if (normalize === true) scaleToOne(into);
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
