// Sketches of reference texts: what text drift is judged by, a small file beside the baselines of a release.
import { z } from 'zod';
import type { Kind } from './features.ts';

const base64 = z.base64().min(1);

/**
 * What is kept of the texts that a release's baselines were counted on. It says nothing of the release, so that
 * releases of the same reference texts have the same file.
 */
export const textSketchSchema = z
  .strictObject({
    /** Changes with the way of making them: sketches of another format are not compared with. */
    format: z.literal(1),
    /** Texts that it was made of. */
    texts: z.int().positive(),
    /** Vectors of some of them, one after the other: processors/drift/text/embedding.ts. */
    embedding: z.strictObject({ dimensions: z.int().positive(), vectors: base64 }).readonly(),
    /** Every word of all of them: processors/drift/text/vocabulary.ts. */
    vocabulary: z
      .strictObject({
        /** Distinct words. */
        words: z.int().nonnegative(),
        /** Positions of a word in the filter. */
        hashes: z.int().positive(),
        /** Bits, the lowest of a byte first. */
        filter: base64,
      })
      .readonly(),
    /** Share of the words of a text that no other of the texts has; its standard error with one text. */
    novelty: z
      .strictObject({ share: z.number().min(0).max(1), deviation: z.number().nonnegative() })
      .readonly(),
  })
  .readonly();
export type TextSketch = z.infer<typeof textSketchSchema>;

/** The file of a release that holds the sketch of its reference texts of a kind; without one, of those of any kind. */
export const sketchFile = (kind?: Kind): string =>
  kind === undefined ? 'sketch.json' : `sketch-${kind}.json`;

/** Whether a file of a release is there for drift: no model reads it. */
export const isDriftFile = (name: string): boolean =>
  name === 'baseline.json' || /^sketch(-[a-z]+)?\.json$/.test(name);
