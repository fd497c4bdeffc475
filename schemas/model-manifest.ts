// Model manifests: what a released model is, what it was made from and what it reached.
import { z } from 'zod';
import type { Baseline } from './baseline.ts';
import { figuresSchema } from './model-figures.ts';
import { hashingSchema } from './model-hashing.ts';

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
    /** Marks of the whole text count as words: length, lines, question marks, code, maths. */
    flags: z.boolean().exactOptional(),
    /** Disguised words also count as what was meant: b@d, baaaad, b a d. */
    repairs: z.boolean().exactOptional(),
    /** English names of groups of people count as one word. */
    identities: z.boolean().exactOptional(),
    /** Words that follow a negation also count as negated. */
    negations: z.boolean().exactOptional(),
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
    /** SHA-256 of the manifest of the data set. */
    manifest: sha256.optional(),
    /** False for data that may be used to judge but not be passed on. */
    shipped: z.boolean(),
  })
  .readonly();

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
  /** Labels that are hard to tell apart, by a name for all of them; used as one label when that is asked for. */
  groups: z.record(z.string().min(1), z.array(z.string()).min(2).readonly()).optional(),
  /** Probability from which a label holds, where several may hold at once. */
  thresholds: z.record(z.string(), z.number()).optional(),
  /** Confidence below which the leading label should not be acted upon: chosen on held-out rows. */
  abstainBelow: z.number().min(0).max(1).optional(),
  /** Corners of the curve from the leading label's probability to the confidence people are shown (isotonic). */
  confidence: z
    .strictObject({
      method: z.literal('isotonic'),
      x: z.array(z.number()).min(1).readonly(),
      y: z.array(z.number().min(0).max(1)).min(1).readonly(),
    })
    .readonly()
    .refine(({ x, y }) => x.length === y.length && x.every((value, at) => at === 0 || value > x[at - 1]!), {
      message: 'not a curve: x has to rise and be as long as y',
    })
    .optional(),
  /** SHA-256 of every file of the release but manifest and card. `baseline.json` is always there, sketches mostly. */
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

const linear = z.strictObject({
  ...common,
  kind: z.literal('linear'),
  featurizer: featurizerSchema,
  /** How scores became logits, on held-out rows: one temperature, or a line for each label (Platt). */
  calibration: z.enum(['none', 'temperature', 'platt']),
  /** What scores were divided by, where the calibration is a temperature. */
  temperature: z.number().positive().optional(),
  /** The label a text gets when no other label scores at least this much. */
  outOfScope: z.strictObject({ label: z.string(), below: z.number() }).readonly().optional(),
});

const forest = z.strictObject({
  ...common,
  kind: z.literal('forest'),
  /** Where a text's numbers come from. `prompt`: the vector of the features processor (schemas/features.ts). */
  features: z.enum(['prompt']),
  /** The columns of the model's input by name: a subset of those features, in this order. */
  featureNames: z.array(z.string().min(1)).min(1).readonly(),
  /** Whether the model also says how far its trees differ: one standard deviation for each label. */
  spread: z.boolean(),
  /** What logits were divided by, inside the model; 1 for values. */
  temperature: z.number().positive(),
  /** What each feature was worth: share of the gain of all splits, and loss of dev score when it is shuffled. */
  importances: z
    .record(z.string(), z.strictObject({ gain: z.number(), permutation: z.number().optional() }).readonly())
    .readonly(),
});

/** A Hugging Face export: a transformer and its tokenizer. */
const transformer = z.strictObject({
  ...common,
  kind: z.literal('transformer'),
  /**
   * Classification: one value for each label. Embedding: one vector, its labels are the names of its dimensions.
   * Cross-encoder: two texts are read together, as for ranking.
   */
  purpose: z.enum(['classification', 'embedding', 'cross-encoder']),
  /** `model_type` of its config.json, such as `bert`. */
  architecture: z.string().min(1),
  /** Tokens of one input at most, those that frame it counted; what follows is not read. */
  maxTokens: z.int().min(4),
  /** The token that fills up shorter inputs of a batch. */
  padId: z.int().nonnegative(),
  /** The output that is read. */
  output: z.string().min(1),
  /** How the vectors of the tokens become one, in embedders: `none` where the graph does it. */
  pooling: z.enum(['mean', 'cls', 'none']).optional(),
  /** Whether an embedding is scaled to length 1. */
  normalize: z.boolean().exactOptional(),
  /** Weights of the matrix products. */
  precision: z.enum(['float32', 'int8']),
});

/** Scores a question and a candidate answer. */
const ranker = z.strictObject({
  ...common,
  kind: z.literal('ranker'),
  /** Names of its features in the order of its input: those of processors/retrieval/pair-features.ts. */
  features: z.array(z.string().min(1)).min(1).readonly(),
});

/** Terms that are used alike, which widen search queries: a table, not a model of the engine. */
const expander = z.strictObject({
  ...common,
  kind: z.literal('expander'),
  /** Terms less similar than this never join a query. */
  similarityFloor: z.number().min(0).max(1),
  /** Terms that join a query at most. */
  termsMax: z.int().min(1),
  /** What they count beside the query's own terms. */
  weight: z.number().min(0).max(1),
});

/** A convolution over word embeddings, trained with TensorFlow.js. */
const cnn = z.strictObject({
  ...common,
  kind: z.literal('cnn'),
  /** Words of a text that are read. */
  wordsMax: z.int().min(8).max(1_024),
  /** Buckets that words beyond the vocabulary share. */
  hashBuckets: z.int().min(1).max(65_536),
  /** What TensorFlow.js computed on while training. */
  backend: z.string().min(1),
  /** Already applied inside the model: logits were divided by it. */
  temperature: z.number().positive(),
});

/** Which language a text is in: n-grams, and beside them a model of the characters of each language's words. */
const language = z.strictObject({
  ...common,
  kind: z.literal('language'),
  featurizer: featurizerSchema,
  characters: z
    .strictObject({
      /** Units of the longest n-gram, word boundaries counted. */
      order: z.int().min(1).max(8),
      /** What was taken from every count and given to shorter n-grams. */
      discount: z.number().gt(0).lt(1),
      /** Words of a text that are read. */
      wordsMax: z.int().min(1),
      /** Confidence of the n-grams from which they decide alone. */
      askedBelow: z.number().min(0),
    })
    .readonly(),
  /** Logits of both are `characters` x log likelihood / units^`lengthPower` + `ngram` x logits of the n-grams. */
  mixture: z
    .strictObject({
      characters: z.number().nonnegative(),
      ngram: z.number().nonnegative(),
      lengthPower: z.number().min(0).max(1),
    })
    .readonly(),
});

/** Words hashed to ids, in a padded matrix: a plain ONNX graph that reads them beside a mask. */
const hashed = z.strictObject({
  ...common,
  kind: z.literal('hashed'),
  hashing: hashingSchema,
  /** Names of the graph's inputs: ids (int64) and, where it reads one, the mask (1 for an id, 0 for padding). */
  inputs: z
    .strictObject({
      ids: z.string().min(1),
      mask: z
        .strictObject({ name: z.string().min(1), type: z.enum(['float32', 'int64']) })
        .readonly()
        .optional(),
    })
    .readonly(),
  /** The output that is read: one value for each label. */
  output: z.string().min(1),
  /** Whether the graph has applied the activation already. */
  activated: z.boolean(),
});

export const modelManifestSchema = z
  .discriminatedUnion('kind', [ngram, linear, forest, transformer, ranker, expander, cnn, language, hashed])
  .refine((manifest) => manifest.release === `${manifest.task}@${manifest.version}`, {
    message: 'release is not task@version',
    path: ['release'],
  })
  .readonly();
export type ModelManifest = z.infer<typeof modelManifestSchema>;
export type ModelKind = ModelManifest['kind'];
/** The manifest of one kind of model. */
export type ManifestOf<Kind extends ModelKind> = ManifestByKind[Kind];
/** An index rather than a condition: a model of one kind then is a model of any. */
type ManifestByKind = { readonly [Manifest in ModelManifest as Manifest['kind']]: Manifest };

/** What an inference thread loads: the manifest and the files it names, but those of drift. */
export interface LoadableModel<Kind extends ModelKind = ModelKind> {
  readonly manifest: ManifestOf<Kind>;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** A release as it is served: a model and its frozen baselines. */
export interface ModelRelease extends LoadableModel {
  readonly baselines: readonly Baseline[];
}
