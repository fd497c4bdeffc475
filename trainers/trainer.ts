// A trainer: what turns labelled texts into a model of one kind. trainers/trainers.ts lists them.
import type { z } from 'zod';
import type { LoadableModel, ManifestOf, ModelKind } from '../schemas/model-manifest.ts';

/** A text and what holds for it. */
export interface Example {
  readonly text: string;
  /** The second text, for models that compare two. */
  readonly second?: string;
  /** Labels that hold: several in multi-label tasks, none in scoring tasks, otherwise one. */
  readonly labels: readonly string[];
  /** Values to predict, one for each label of the task, in tasks with the activation `identity`. */
  readonly values?: readonly number[];
  /** How much it counts beside others; 1 where absent. */
  readonly weight?: number;
  /** What figures are told apart by, such as `source: 'clinc150'`. */
  readonly slices?: Readonly<Record<string, string>>;
}

/** What a trainer learns from: cleaned texts, balanced and augmented already. */
export interface TrainingData {
  readonly labels: readonly string[];
  readonly activation: 'softmax' | 'sigmoid' | 'identity';
  readonly train: readonly Example[];
  /** Kept from training: early stopping, temperature and thresholds come from it. May be empty. */
  readonly dev: readonly Example[];
}

export interface TrainingContext {
  /** Same data, parameters, seed and code: same bytes, on any machine and with any number of threads. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** Share done, 0–1, and the mean loss since the last call where there is one. */
  readonly onProgress?: ((done: number, loss?: number) => void) | undefined;
  /**
   * Called after each epoch (or block of trees) with the score on dev, higher is better. What it answers is obeyed:
   * `stop` ends the training there, which a search uses for trials that fall behind.
   */
  readonly onEpoch?: ((epoch: number, devScore: number) => 'go-on' | 'stop') | undefined;
  /** The release to go on from. Trainers that cannot throw `Misconfigured`. */
  readonly parent?: LoadableModel | undefined;
}

/** The part of a manifest that only this kind of model has, and what it found on dev. */
export type Shape<Kind extends ModelKind = ModelKind> = Kind extends ModelKind
  ? Omit<ManifestOf<Kind>, CommonField> & Partial<Pick<ManifestOf<Kind>, 'thresholds' | 'abstainBelow'>>
  : never;

type CommonField =
  | 'task'
  | 'version'
  | 'release'
  | 'doc'
  | 'labels'
  | 'activation'
  | 'groups'
  | 'emptyLabel'
  | 'thresholds'
  | 'abstainBelow'
  | 'files'
  | 'data'
  | 'figures'
  | 'targets'
  | 'limits'
  | 'seed'
  | 'parameters'
  | 'parent'
  | 'commit';

/** A model that was just trained. */
export interface Trained<Kind extends ModelKind = ModelKind> {
  readonly shape: Shape<Kind>;
  /** `model.onnx` and whatever else the kind needs to be served. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface Trainer<Kind extends ModelKind = ModelKind, Parameters = never> {
  readonly kind: Kind;
  /** One line for `millrace train --help`. */
  readonly doc: string;
  /** Its options: every one with a default and a description, so that they can be listed, set and searched. */
  readonly parameters: z.ZodType<Parameters>;
  /** Throws `Misconfigured` for data it cannot learn from, and the signal's reason when aborted. */
  fit(data: TrainingData, parameters: Parameters, context: TrainingContext): Promise<Trained<Kind>>;
}
