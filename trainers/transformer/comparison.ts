// What a smaller model lost against the one it was made from: answers, size, speed.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Input } from '../../processors/inference/model.ts';
import type { TransformerModel } from '../../processors/inference/transformer/transformer-model.ts';

const gzipped = promisify(gzip);

/** A model as it is measured. */
export interface Measured {
  /** Bytes of model.onnx, and of the same packed with gzip: pruned weights are zeros, which pack. */
  readonly bytes: number;
  readonly packedBytes: number;
  /** Median time of one text of 32 tokens alone, on this machine, in milliseconds. */
  readonly latency: number;
  /** Share of labelled rows whose leading label is right; null without labelled rows. */
  readonly accuracy: number | null;
}

/** How a model’s answers differ from the original’s. */
export interface Difference {
  readonly inputs: number;
  /**
   * Classification: share of inputs with the same leading label, or of labels on the same side of a half where several
   * may hold. Embedding: mean cosine. One score: share of pairs of inputs that stand in the same order.
   */
  readonly agreement: number;
  /** The largest difference of a logit, or of a coordinate. */
  readonly largest: number;
}

/** Compares what two models say about the same inputs, before the activation. */
export async function compareModels(
  before: TransformerModel,
  after: TransformerModel,
  inputs: readonly Input[],
  signal?: AbortSignal,
): Promise<Difference> {
  const { purpose, activation, labels } = before.manifest;
  const [first, second] = [await outputsOf(before, inputs, signal), await outputsOf(after, inputs, signal)];
  let largest = 0;
  for (let at = 0; at < first.length; at++) largest = Math.max(largest, Math.abs(first[at]! - second[at]!));
  const width = labels.length;
  const rows = (values: Float32Array) =>
    inputs.map((_, row) => values.subarray(row * width, (row + 1) * width));
  const [one, other] = [rows(first), rows(second)];
  const mean = (of: (row: number) => number) =>
    inputs.reduce((sum, _, row) => sum + of(row), 0) / Math.max(1, inputs.length);
  const agreement =
    purpose === 'embedding'
      ? mean((row) => cosine(one[row]!, other[row]!))
      : width === 1
        ? sameOrder(first, second)
        : activation === 'sigmoid'
          ? mean((row) => sameSides(one[row]!, other[row]!))
          : mean((row) => (leading(one[row]!) === leading(other[row]!) ? 1 : 0));
  return { inputs: inputs.length, agreement, largest };
}

/** In parts: a model that is slow still notices an abort. */
async function outputsOf(
  model: TransformerModel,
  inputs: readonly Input[],
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const width = model.manifest.labels.length;
  const all = new Float32Array(inputs.length * width);
  for (let from = 0; from < inputs.length; from += 64) {
    signal?.throwIfAborted();
    const part = inputs.slice(from, from + 64);
    all.set(await model.outputs(model.prepare(part), part.length), from * width);
  }
  return all;
}

const leading = (row: Float32Array): number => row.indexOf(Math.max(...row));

const sameSides = (one: Float32Array, other: Float32Array): number =>
  one.reduce((sum, value, label) => sum + (value > 0 === other[label]! > 0 ? 1 : 0), 0) / one.length;

function cosine(one: Float32Array, other: Float32Array): number {
  const product = one.reduce((sum, value, at) => sum + value * other[at]!, 0);
  return product / Math.max(Number.MIN_VALUE, Math.hypot(...one) * Math.hypot(...other));
}

function sameOrder(one: Float32Array, other: Float32Array): number {
  let same = 0;
  let pairs = 0;
  for (let a = 0; a < one.length; a++) {
    for (let b = a + 1; b < one.length; b++) {
      if (one[a] === one[b]) continue;
      pairs++;
      if (one[a]! > one[b]! === other[a]! > other[b]!) same++;
    }
  }
  return pairs === 0 ? 1 : same / pairs;
}

const latencyRuns = 31;
const latencyTokens = 32;

/** Median milliseconds for one input of 32 tokens (fewer where the model reads fewer), tokenizing included. */
export async function latencyOf(model: TransformerModel): Promise<number> {
  const tokens = Math.min(latencyTokens, model.manifest.maxTokens);
  const encoding = model.tokenizer.encode(
    'the water comes to the wheel and goes away again '.repeat(8),
    undefined,
    tokens,
  );
  const times: number[] = [];
  for (let run = 0; run < latencyRuns; run++) {
    const from = performance.now();
    await model.outputs(model.batch([encoding]), 1);
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[latencyRuns >> 1]!;
}

/** Size and speed of a model. */
export async function measure(
  model: TransformerModel,
  bytes: Uint8Array,
  accuracy: number | null,
): Promise<Measured> {
  const packed = await gzipped(bytes, { level: 1 });
  return { bytes: bytes.length, packedBytes: packed.length, latency: await latencyOf(model), accuracy };
}
