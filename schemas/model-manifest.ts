// Model manifests: what a released model is, what it was made from and what it reached.
import { z } from 'zod';
import type { Baseline } from './baseline.ts';

const powerOfTwo = z.int().refine((value) => value > 1 && (value & (value - 1)) === 0, 'not a power of two');
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'not a SHA-256 in hex');

/** How a text becomes feature ids. Serving and training read the same options through the same code. */
const featurizerSchema = z
  .strictObject({
    /** Longest word n-gram, in words. */
    words: z.int().min(1).max(3),
    /** Shortest and longest character n-gram within a word, in UTF-16 code units, word boundaries counted. */
    charactersMin: z.int().min(1).max(8),
    charactersMax: z.int().min(1).max(8),
    /** The first words of a text that also count as such; 0 for none. */
    leadingWords: z.int().min(0).max(32),
    /** Rows of the embedding table for words and for characters. */
    wordBuckets: powerOfTwo,
    characterBuckets: powerOfTwo,
    /** Feature ids of one text at most; what follows is not read. */
    idsMax: z.int().min(64).max(65_536),
  })
  .readonly();
export type FeaturizerOptions = z.infer<typeof featurizerSchema>;

/** One data set a release was trained or judged on. */
const dataSetSchema = z
  .strictObject({
    name: z.string().min(1),
    /** Learned from, calibrated on, or judged on. */
    role: z.enum(['train', 'calibration', 'test']),
    licence: z.string().min(1),
    source: z.string().min(1),
    rows: z.int().nonnegative(),
    /** SHA-256 of the files, for sets that come from files. */
    sha256: sha256.optional(),
    /** False for data that may be used to judge but not be passed on. */
    shipped: z.boolean(),
  })
  .readonly();

/** What a release reached on rows it never saw. Ratios are between 0 and 1. */
const figuresSchema = z
  .strictObject({
    set: z.string().min(1),
    samples: z.int().positive(),
    accuracy: z.number(),
    macroF1: z.number(),
    /** Expected calibration error of the leading label over 15 equal-width bins. */
    calibrationError: z.number(),
    perLabel: z
      .array(
        z
          .strictObject({
            label: z.string(),
            precision: z.number(),
            recall: z.number(),
            f1: z.number(),
            support: z.int().nonnegative(),
          })
          .readonly(),
      )
      .readonly(),
  })
  .readonly();
export type Figures = z.infer<typeof figuresSchema>;

/** What every release has, whatever its kind. */
const common = {
  task: z.string().regex(/^[a-z][a-z0-9-]*$/, 'not a task name'),
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'not a version such as 1.0.0'),
  /** `task@version`. */
  release: z.string(),
  doc: z.string().min(1),
  /** Labels in the order of the model's outputs. */
  labels: z.array(z.string().min(1)).min(1).readonly(),
  /**
   * Softmax: exactly one label holds. Sigmoid: each label holds or not by itself. Identity: the outputs are no
   * probabilities but values (scores, an embedding), one for each label.
   */
  activation: z.enum(['softmax', 'sigmoid', 'identity']),
  /** The answer for a text in which the model finds nothing to go by. */
  emptyLabel: z.string().min(1),
  /** Probability from which a label holds, where several may hold at once. */
  thresholds: z.record(z.string(), z.number()).optional(),
  /** Confidence below which the leading label should not be acted upon: chosen on held-out rows. */
  abstainBelow: z.number().min(0).max(1).optional(),
  /** SHA-256 of every file of the release but manifest and card. `baseline.json` is always there. */
  files: z
    .record(z.string().regex(/^[\w.-]+$/, 'not a file name'), sha256)
    .refine((files) => 'baseline.json' in files, 'baseline.json is missing')
    .readonly(),
  data: z.array(dataSetSchema).readonly(),
  figures: z.array(figuresSchema).readonly(),
  /** What small models are known to reach or to strive for, beside which the figures are read. */
  targets: z.array(z.string()).readonly(),
  limits: z.array(z.string()).readonly(),
  seed: z.int(),
  /** What the trainer was told, by the names of its options. */
  parameters: z.record(z.string(), z.unknown()).readonly(),
  /** The release this one was trained from, or answers to as a new version. */
  parent: z.string().optional(),
  /** Commit of the code that trained it; with a plus sign where files had been changed since. */
  commit: z.string().optional(),
} as const;

const ngram = z.strictObject({
  ...common,
  kind: z.literal('ngram'),
  featurizer: featurizerSchema,
  /** Already applied inside the model: logits were divided by it. */
  temperature: z.number().positive(),
});

export const modelManifestSchema = z
  .discriminatedUnion('kind', [ngram])
  .refine((manifest) => manifest.release === `${manifest.task}@${manifest.version}`, {
    message: 'release is not task@version',
    path: ['release'],
  })
  .readonly();
export type ModelManifest = z.infer<typeof modelManifestSchema>;
export type ModelKind = ModelManifest['kind'];
/** The manifest of one kind of model. */
export type ManifestOf<Kind extends ModelKind> = Extract<ModelManifest, { readonly kind: Kind }>;

/** What an inference thread loads: the manifest and the files it names, but the baselines. */
export interface LoadableModel<Kind extends ModelKind = ModelKind> {
  readonly manifest: ManifestOf<Kind>;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** A release as it is served: a model and its frozen baselines. */
export interface ModelRelease extends LoadableModel {
  readonly baselines: readonly Baseline[];
}
