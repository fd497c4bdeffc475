// Frozen baselines: what a release answers on rows it never saw, mixed like real traffic, when it is released.
import { z } from 'zod';
import { kinds } from './features.ts';

/**
 * Counts of one feature of one release over its reference rows.
 *
 * `categorical`: `bins` are the values seen and `edges` is empty. `numeric`: n ascending edges make n + 1 bins named
 * by their index; bin i holds the values in [edges[i-1], edges[i]), the first and the last one open-ended.
 */
export const baselineSchema = z
  .strictObject({
    release: z.string().min(1),
    /**
     * `label`, `confidence` (probability), `length` (code points), `language` (BCP 47), or a feature of the text by its
     * name in schemas/features.ts, on the edges of schemas/feature-bins.ts.
     */
    feature: z.string().min(1),
    /** Which messages the reference rows are; absent: any. */
    messages: z.enum(kinds).exactOptional(),
    kind: z.enum(['numeric', 'categorical']),
    edges: z.array(z.number()).readonly(),
    bins: z.array(z.string()).readonly(),
    counts: z.array(z.int().nonnegative()).readonly(),
    samples: z.int().positive(),
  })
  .refine((baseline) => baseline.bins.length === baseline.counts.length, 'bins and counts differ in number')
  .refine(
    (baseline) => baseline.kind === 'categorical' || baseline.bins.length === baseline.edges.length + 1,
    'n edges make n + 1 bins',
  )
  .readonly();
export type Baseline = z.infer<typeof baselineSchema>;

/** Index of the bin of a numeric baseline that a value falls into. */
export function binOf(value: number, edges: readonly number[]): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value < edges[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}
