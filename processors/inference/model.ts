// A model as the engine sees it: inputs are prepared once, then run; models that prepare alike share the work.
import type { ModelManifest } from '../../schemas/model-manifest.ts';

/** What a model answers about: a text, or two of them for models that compare (ranking, entailment). */
export type Input = string | readonly [first: string, second: string];

/** Inputs as token ids, one input after another: what models that read padded matrices are fed. */
export interface TokenRows {
  /** Ids of all inputs, those that frame an input counted; no padding. */
  readonly ids: Int32Array;
  /** `ends[i]` is the end of input i in `ids`. */
  readonly ends: Int32Array;
  /** Which of two texts each id belongs to (0 or 1), where the model tells them apart; without it all are 0. */
  readonly types?: Uint8Array;
}

/**
 * Inputs as one matrix for one run, row-major, short rows filled up with the model’s `padId`. Its arrays are reused: a
 * model reads them until its run ends and keeps none of them.
 */
export interface PaddedBatch {
  readonly rows: number;
  /** Tokens of a row, padding counted: those of its longest input, at least 1. */
  readonly width: number;
  /** `rows` × `width` ids. */
  readonly ids: BigInt64Array<ArrayBuffer>;
  /** Tokens of each row that are no padding, which is what a mask is made of (batching/padding.ts). */
  readonly lengths: Int32Array<ArrayBuffer>;
  /** `rows` × `width` types as in `TokenRows`; without it all are 0. */
  readonly types?: BigInt64Array<ArrayBuffer>;
}

/** A loaded model. It lives in one thread and answers one batch at a time. */
export interface Model<Prepared = unknown> {
  readonly manifest: ModelManifest;
  /** Models with equal keys give equal `prepare` results, which are then made once for all of them. */
  readonly preparationKey: string;
  /** Inputs in the form that `predict` reads: feature ids, tokens, feature values. Synchronous, without side effects. */
  prepare(inputs: readonly Input[]): Prepared;
  /**
   * One row of `manifest.labels.length` values for each of `count` prepared inputs, row-major: probabilities, or
   * values where the activation is `identity`.
   */
  predict(prepared: Prepared, count: number): Promise<Float32Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** The half of a token model that needs no session: the engine cuts texts into tokens with it, in front of the queue. */
export interface TokenFront {
  /** The id that fills up short rows. */
  readonly padId: number;
  /** Ids of one input at most. */
  readonly tokensMax: number;
  /** Fronts with equal keys give equal rows, which are then made once for all their models. */
  readonly preparationKey: string;
  /** Ids of inputs, framed and cut to what the model reads. Synchronous, without side effects. */
  tokenize(inputs: readonly Input[]): TokenRows;
}

/**
 * A model whose cost is its tokens, padding counted. The engine queues its inputs by length, pads batches itself and
 * hands them to `runPadded`, in a worker thread or, where the model is light, where the data is. `prepare` and
 * `predict` are `paddedRuns` and `answerPadded` of batching/padding.ts.
 */
export interface TokenModel extends Model<readonly PlacedBatch[]>, TokenFront {
  readonly preparationKey: string;
  /** Writes `batch.rows` × `manifest.labels.length` values into `into`, row-major: what `predict` answers. */
  runPadded(batch: PaddedBatch, into: Float32Array<ArrayBufferLike>): Promise<void>;
}

/** A batch that knows which input each of its rows is. */
export interface PlacedBatch extends PaddedBatch {
  readonly places: Int32Array;
}

/** Whether the engine may feed a model tokens. */
export const isTokenModel = (model: Model): model is TokenModel => 'runPadded' in model;

/** Values of a model for inputs, row-major. */
export const answer = (model: Model, inputs: readonly Input[]): Promise<Float32Array<ArrayBuffer>> =>
  model.predict(model.prepare(inputs), inputs.length);

/** UTF-16 code units of an input. */
export const lengthOf = (input: Input): number =>
  typeof input === 'string' ? input.length : input[0].length + input[1].length;

/** The first text of an input: what models that read one text go by. */
export const textOf = (input: Input): string => (typeof input === 'string' ? input : input[0]);
