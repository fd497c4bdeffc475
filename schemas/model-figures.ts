// What a released model reached on held-out rows, as its manifest says it.
import { z } from 'zod';

const interval = z.tuple([z.number(), z.number()]).readonly();

/** What was reached on predicted values: in the unit of the values, or as shares of the rows. */
const valueFigures = {
  mae: z.number(),
  rmse: z.number(),
  r2: z.number(),
  within5: z.number(),
  within10: z.number(),
  /** Left out where all values are equal. */
  spearman: z.number().optional(),
} as const;

/**
 * What a release reached on rows it never saw. Ratios are between 0 and 1. For the activation `identity`, an answer
 * is right within ten points: that share is its accuracy and stands for its F1, and there is no calibration error.
 */
export const figuresSchema = z
  .strictObject({
    set: z.string().min(1),
    samples: z.int().positive(),
    /** Softmax: the leading label holds. Sigmoid: exactly the labels that hold are called. */
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
    weightedF1: z.number().optional(),
    microF1: z.number().optional(),
    balancedAccuracy: z.number().optional(),
    /** Matthews correlation. */
    matthews: z.number().optional(),
    /** Area under the ROC curve: of two labels, or the mean over labels, each against the rest. */
    auc: z.number().optional(),
    averagePrecision: z.number().optional(),
    logLoss: z.number().optional(),
    /** Mean over the values a row has. */
    ...z.object(valueFigures).partial().shape,
    /** Means over questions, where the rows are pairs to rank. */
    mrr: z.number().optional(),
    map: z.number().optional(),
    ndcg5: z.number().optional(),
    ndcg10: z.number().optional(),
    recall5: z.number().optional(),
    perValue: z
      .array(z.strictObject({ label: z.string(), ...valueFigures }).readonly())
      .readonly()
      .optional(),
    /** Low and high end, by the name of a figure: it holds the true value 95 times of 100. */
    intervals: z.record(z.string(), interval).readonly().optional(),
    /** Rows at or above `abstainBelow`, and how many of those answers are right. */
    answered: z.strictObject({ share: z.number(), accuracy: z.number() }).readonly().optional(),
    /** Accuracy of a part of the rows, such as one source, with its interval. */
    slices: z
      .array(
        z
          .strictObject({
            column: z.string(),
            value: z.string(),
            samples: z.int().positive(),
            accuracy: z.number(),
            interval,
          })
          .readonly(),
      )
      .readonly()
      .optional(),
  })
  .readonly();
export type Figures = z.infer<typeof figuresSchema>;
