// A task: everything that makes a release, declared as a value. trainers/tasks/ holds one file for each.
import type { Row } from './data-sets/rows.ts';
import type { Example } from './trainer.ts';
import type { ParametersOf, TrainerKind } from './trainers.ts';

/** What the rows of a data set are for. Temperature and thresholds come from `calibration`, figures from `test`. */
export type Role = 'train' | 'calibration' | 'test';

/** One data file and what its rows mean for the task. */
export interface DataSet {
  /** Path below the data directory, without `.jsonl.gz`. */
  readonly file: string;
  readonly role: Role;
  readonly licence: string;
  readonly source: string;
  /** False for files that are not in the repository: they are read from a directory the caller names, to judge only. */
  readonly shipped: boolean;
  /** Judged as if the model had these labels only: for sets that lack some of the task’s. */
  readonly among?: readonly string[];
  /** Examples a row gives; none where it says nothing about the task. */
  readonly examples: (row: Row) => readonly Example[];
}

/** A kind of trainer with its options: whatever trainers/trainers.ts lists. */
export type Training = {
  readonly [Kind in TrainerKind]: {
    readonly kind: Kind;
    readonly parameters: Partial<ParametersOf<Kind>>;
  };
}[TrainerKind];

export interface Task {
  /** Its name: what predictions call it, and its folder among the models. */
  readonly task: string;
  readonly version: string;
  readonly doc: string;
  readonly labels: readonly string[];
  readonly activation: 'softmax' | 'sigmoid' | 'identity';
  /** Labels that are hard to tell apart, by a name for all of them. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** What a text without features is called. */
  readonly emptyLabel: string;
  /** The trainer, and what it is told; what is left out has the trainer’s defaults. */
  readonly training: Training;
  /**
   * How often the rows of a label are drawn: a label of n rows, where the largest has N, counts as N(n/N)^power.
   * 1 leaves the data as they are, 0 makes all labels equal.
   */
  readonly balancePower: number;
  /** Further examples made from one, with random numbers from the seed. */
  readonly augment?: (example: Example, random: () => number) => readonly Example[];
  /** Examples that come from no file. */
  readonly written?: {
    readonly name: string;
    readonly examples: (random: () => number) => readonly Example[];
  };
  /** Where no set has the role `calibration`: the share of the training rows kept for it. */
  readonly calibrationShare: number;
  /** Learns from rows that are among the samples and reference rows too, where labelled rows are too few to be left out. */
  readonly learnsSamples?: true;
  /** Share of the answers that should be right: below the confidence that gives it on held-out rows, better not answer. */
  readonly wantedAccuracy?: number;
  readonly dataSets: readonly DataSet[];
  /** Rows the frozen baselines are counted on, `trainers/data/reference/<name>.jsonl.gz`: whatever it answers. */
  readonly reference: readonly ('comments' | 'prompts')[];
  readonly targets: readonly string[];
  readonly limits: readonly string[];
}
