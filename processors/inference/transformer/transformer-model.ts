// A transformer ready to run: tokenizer, ONNX Runtime session, and what its output means. Lives in one thread.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { LoadableModel, ManifestOf } from '../../../schemas/model-manifest.ts';
import type { Input, Model } from '../model.ts';
import { fileOf, singleThread } from '../session.ts';
import type { Encoding } from './frame.ts';
import { activate, pool, scaleToOne } from './outputs.ts';
import { attentionMask, batchesOf, positions, type TokenBatch } from './token-batches.ts';
import { createTokenizer, type TransformerTokenizer } from './tokenizer.ts';

/** Names of graph inputs that can be fed. */
const feedable = ['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'] as const;

/** RoBERTa and its kin count positions from the one after padding’s. */
const positionsAfterPadding = new Set(['roberta', 'xlm-roberta', 'camembert', 'xlm-roberta-xl']);

/** Loads a transformer release. Throws where the tokenizer is of no known kind, or the graph wants what is not known. */
export async function loadTransformerModel(model: LoadableModel<'transformer'>): Promise<TransformerModel> {
  const json = (name: string): unknown => JSON.parse(Buffer.from(fileOf(model, name)).toString('utf8'));
  const config = model.files.has('tokenizer_config.json') ? json('tokenizer_config.json') : {};
  const tokenizer = createTokenizer(json('tokenizer.json'), config);
  const session = await InferenceSession.create(fileOf(model, 'model.onnx'), singleThread);
  return new TransformerModel(model.manifest, tokenizer, session);
}

export class TransformerModel implements Model<readonly TokenBatch[]> {
  readonly manifest: ManifestOf<'transformer'>;
  readonly preparationKey: string;
  readonly tokenizer: TransformerTokenizer;
  readonly #session: InferenceSession;

  constructor(
    manifest: ManifestOf<'transformer'>,
    tokenizer: TransformerTokenizer,
    session: InferenceSession,
  ) {
    const unknown = session.inputNames.find((name) => !(feedable as readonly string[]).includes(name));
    if (unknown !== undefined) throw new Error(`the graph wants an input “${unknown}” that is not known`);
    this.manifest = manifest;
    const { maxTokens, padId, files } = manifest;
    this.preparationKey = `transformer ${files['tokenizer.json']} ${maxTokens} ${padId}`;
    this.tokenizer = tokenizer;
    this.#session = session;
  }

  prepare(inputs: readonly Input[]): readonly TokenBatch[] {
    const { maxTokens } = this.manifest;
    const encodings = inputs.map((input): Encoding => {
      const [text, second] = typeof input === 'string' ? [input] : input;
      return this.tokenizer.encode(text, second, maxTokens);
    });
    return this.batch(encodings);
  }

  /** Encodings of this model’s tokenizer in the form that `predict` reads. */
  batch(encodings: readonly Encoding[]): readonly TokenBatch[] {
    return batchesOf(encodings, this.manifest.padId);
  }

  /** Dimensions of the graph’s own output for inputs that fit into one run: what an import has to check. */
  async outputDims(inputs: readonly Input[]): Promise<readonly number[]> {
    const { output } = this.manifest;
    const results = await this.#session.run(this.#feeds(this.prepare(inputs)[0]!), [output]);
    return results[output]!.dims;
  }

  async predict(batches: readonly TokenBatch[], count: number): Promise<Float32Array<ArrayBuffer>> {
    const values = await this.outputs(batches, count);
    const width = this.manifest.labels.length;
    for (let row = 0; row < count; row++) {
      activate(values.subarray(row * width, (row + 1) * width), this.manifest.activation);
    }
    return values;
  }

  /** Logits or embeddings, before the activation. */
  async outputs(batches: readonly TokenBatch[], count: number): Promise<Float32Array<ArrayBuffer>> {
    const width = this.manifest.labels.length;
    const values = new Float32Array(count * width);
    for (const batch of batches) {
      const { output } = this.manifest;
      const result = (await this.#session.run(this.#feeds(batch), [output]))[output]!;
      const data = result.data as Float32Array;
      batch.places.forEach((place, row) => {
        this.#read(data, batch, row, values.subarray(place * width, (place + 1) * width));
      });
    }
    return values;
  }

  #feeds(batch: TokenBatch): Record<string, Tensor> {
    const { architecture, padId } = this.manifest;
    const first = positionsAfterPadding.has(architecture) ? padId + 1 : 0;
    const shape = [batch.places.length, batch.length];
    const feeds: Record<string, Tensor> = {};
    for (const name of this.#session.inputNames as readonly (typeof feedable)[number][]) {
      const data = {
        input_ids: () => batch.ids,
        attention_mask: () => attentionMask(batch),
        token_type_ids: () => batch.typeIds,
        position_ids: () => positions(batch, first),
      }[name]();
      feeds[name] = new Tensor('int64', data, shape);
    }
    return feeds;
  }

  #read(data: Float32Array, batch: TokenBatch, row: number, into: Float32Array): void {
    const { pooling, normalize } = this.manifest;
    const size = data.length / batch.places.length;
    const values = data.subarray(row * size, (row + 1) * size);
    if (pooling === undefined || pooling === 'none') into.set(values);
    else pool({ values, width: into.length, tokens: batch.lengths[row]! }, pooling, into);
    if (normalize === true) scaleToOne(into);
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
