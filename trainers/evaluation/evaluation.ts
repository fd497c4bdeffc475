// What `millrace evaluate` writes: one JSON object about one release on one set, or about two on the same rows.
// Ratios are between 0 and 1; null stands where a figure has no value, such as an area where only one label holds.
import { z } from 'zod';

const value = z.number().nullable();

/** A figure and the interval that holds it 95 times of 100; without ends where none was taken. */
const figureSchema = z.strictObject({ value, low: value.optional(), high: value.optional() }).readonly();
export type Figure = z.infer<typeof figureSchema>;

const figuresSchema = z.record(z.string(), figureSchema).readonly();
const points = z.array(z.tuple([z.number(), z.number()]).readonly()).readonly();

const sliceSchema = z
  .strictObject({
    column: z.string(),
    value: z.string(),
    samples: z.int().positive(),
    figures: figuresSchema,
  })
  .readonly();

const labelSchema = z
  .strictObject({
    label: z.string(),
    precision: z.number(),
    recall: z.number(),
    f1: z.number(),
    support: z.number(),
    auc: value,
    averagePrecision: value,
  })
  .readonly();

const labellingSchema = z
  .strictObject({
    perLabel: z.array(labelSchema).readonly(),
    /** Rows by held (outer) and called label; null where several labels hold at once. */
    confusion: z.array(z.array(z.number()).readonly()).readonly().nullable(),
    reliability: z
      .array(
        z
          .strictObject({
            from: z.number(),
            to: z.number(),
            rows: z.number(),
            confidence: z.number(),
            accuracy: z.number(),
          })
          .readonly(),
      )
      .readonly(),
    /** False positive rate and recall; recall and precision: of the labels that hold most often. */
    curves: z
      .array(z.strictObject({ label: z.string(), roc: points, precisionRecall: points }).readonly())
      .readonly(),
    /** Share of the rows that is answered above a confidence, and the accuracy there. */
    answering: z
      .array(
        z
          .strictObject({
            abstainBelow: z.number(),
            answered: z.number(),
            accuracy: z.number(),
            expected: z.number(),
          })
          .readonly(),
      )
      .readonly(),
  })
  .readonly();

const worstSchema = z
  .strictObject({
    /** Row of the set, from 1. */
    row: z.int().positive(),
    /** Cut to a length that a table can hold. */
    text: z.string(),
    held: z.string(),
    said: z.string(),
    /** Confidence in the wrong answer, or the distance of a value. */
    severity: z.number(),
  })
  .readonly();

const latencySchema = z
  .strictObject({
    /** Milliseconds a text: 50th and 95th percentile over calls. */
    single: z.strictObject({ p50: z.number(), p95: z.number() }).readonly(),
    batch64: z.strictObject({ p50: z.number(), p95: z.number(), textsPerSecond: z.number() }).readonly(),
    machine: z.string(),
  })
  .readonly();
export type Latency = z.infer<typeof latencySchema>;

export const evaluationSchema = z
  .strictObject({
    release: z.string(),
    kind: z.string(),
    activation: z.enum(['softmax', 'sigmoid', 'identity']),
    labels: z.array(z.string()).readonly(),
    set: z.string(),
    samples: z.int().positive(),
    /** Draws of the bootstrap and the seed they came from. */
    bootstrap: z.strictObject({ times: z.int(), seed: z.int() }).readonly(),
    figures: figuresSchema,
    /** For models that label. */
    labelling: labellingSchema.optional(),
    /** For models that score: figures of each output, and pairs of true and predicted values to draw. */
    values: z
      .array(z.strictObject({ label: z.string(), figures: figuresSchema, pairs: points }).readonly())
      .readonly()
      .optional(),
    slices: z.array(sliceSchema).readonly(),
    worst: z.array(worstSchema).readonly(),
    latency: latencySchema.optional(),
    /** Bytes of the files the model is loaded from. */
    bytes: z.int().nonnegative(),
  })
  .readonly();
export type Evaluation = z.infer<typeof evaluationSchema>;

const disagreementSchema = z
  .strictObject({
    row: z.int().positive(),
    text: z.string(),
    held: z.string(),
    first: z.string(),
    second: z.string(),
  })
  .readonly();

/** Two releases on the same rows; differences are the first less the second. */
export const comparisonSchema = z
  .strictObject({
    first: z.string(),
    second: z.string(),
    set: z.string(),
    samples: z.int().positive(),
    bootstrap: z.strictObject({ times: z.int(), seed: z.int() }).readonly(),
    differences: z
      .record(
        z.string(),
        z.strictObject({ first: value, second: value, difference: figureSchema }).readonly(),
      )
      .readonly(),
    /** Rows that only one of them got right, and what chance would make of that (McNemar). */
    mcNemar: z
      .strictObject({
        onlyFirst: z.int(),
        onlySecond: z.int(),
        exact: z.number(),
        chiSquare: z.number(),
        approximate: z.number(),
      })
      .readonly(),
    bothRight: z.int(),
    bothWrong: z.int(),
    slices: z
      .array(
        z
          .strictObject({
            column: z.string(),
            value: z.string(),
            samples: z.int(),
            first: z.number(),
            second: z.number(),
            difference: figureSchema,
          })
          .readonly(),
      )
      .readonly(),
    onlyFirstRight: z.array(disagreementSchema).readonly(),
    onlySecondRight: z.array(disagreementSchema).readonly(),
  })
  .readonly();
export type Comparison = z.infer<typeof comparisonSchema>;

/** A number as JSON holds it: six places, null for none. */
export const known = (number: number): number | null =>
  Number.isFinite(number) ? Math.round(number * 1e6) / 1e6 : null;
