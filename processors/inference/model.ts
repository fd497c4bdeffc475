// A model as the engine sees it: inputs are prepared once, then run; models that prepare alike share the work.
import type { ModelManifest } from '../../schemas/model-manifest.ts';

/** What a model answers about: a text, or two of them for models that compare (ranking, entailment). */
export type Input = string | readonly [first: string, second: string];

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

/** Values of a model for inputs, row-major. */
export const answer = (model: Model, inputs: readonly Input[]): Promise<Float32Array<ArrayBuffer>> =>
  model.predict(model.prepare(inputs), inputs.length);

/** UTF-16 code units of an input. */
export const lengthOf = (input: Input): number =>
  typeof input === 'string' ? input.length : input[0].length + input[1].length;

/** The first text of an input: what models that read one text go by. */
export const textOf = (input: Input): string => (typeof input === 'string' ? input : input[0]);
