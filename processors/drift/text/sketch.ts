// Makes sketches of reference texts, and compares the texts of a window with one.
import type { Statistic } from '../../../schemas/drift-report.ts';
import type { TextSketch } from '../../../schemas/text-sketch.ts';
import { separate } from './domain.ts';
import { dimensions, embed } from './embedding.ts';
import { normalTail } from './normal.ts';
import { gatherWords, noveltyOf } from './vocabulary.ts';

/** Vectors of a sketch at most: the classifier weighs them against as many texts of a window. */
export const sketchVectorsMax = 400;

/** How much has to have changed to count, however sure it is. */
export interface TextThresholds {
  /** Share of new words above that of the reference. */
  readonly novelty: number;
  /** AUC of the domain classifier. */
  readonly auc: number;
  /** Chance of as much without drift, below which it counts. */
  readonly pValue: number;
}

const textThresholds: TextThresholds = { novelty: 0.03, auc: 0.6, pValue: 1e-3 };

/** Distinct texts of a window, and of a sketch, below which nothing is said. */
export const textsMin = 100;

/** A sketch of cleaned texts. The same texts in the same order give the same sketch. */
export function sketchTexts(texts: readonly string[]): TextSketch {
  const { known, novelty } = gatherWords(texts);
  // Every so many: reference rows may be ordered by what they are.
  const step = Math.max(1, texts.length / sketchVectorsMax);
  const kept = Array.from({ length: Math.min(texts.length, sketchVectorsMax) }, (_, index) =>
    embed(texts[Math.floor(index * step)]!),
  );
  return {
    format: 1,
    texts: texts.length,
    embedding: {
      dimensions,
      vectors: Buffer.concat(kept.map(({ buffer }) => new Uint8Array(buffer))).toString('base64'),
    },
    vocabulary: {
      words: known.words,
      hashes: known.hashes,
      filter: Buffer.from(known.filter).toString('base64'),
    },
    novelty: { share: rounded(novelty.share), deviation: rounded(novelty.deviation) },
  };
}

/**
 * What text drift says of cleaned texts of a window, in no order: `vocabulary`/`novelty`, the share of words that the
 * reference never had, and `domain`/`auc`, how well a classifier tells them from the reference. p-values are those of
 * each by itself. Texts that repeat one another count once. Empty where the window or the sketch has too few texts.
 */
export function compareTexts(
  sketch: TextSketch,
  texts: readonly string[],
  thresholds: TextThresholds = textThresholds,
): readonly Statistic[] {
  const distinct = [...new Set(texts)];
  if (distinct.length < textsMin || sketch.texts < textsMin) return [];
  return [noveltyStatistic(sketch, distinct, thresholds), domainStatistic(sketch, distinct, thresholds)];
}

function noveltyStatistic(
  sketch: TextSketch,
  texts: readonly string[],
  thresholds: TextThresholds,
): Statistic {
  const { words, hashes, filter } = sketch.vocabulary;
  const { share, deviation } = noveltyOf({ words, hashes, filter: Buffer.from(filter, 'base64') }, texts);
  const error = Math.hypot(
    deviation / Math.sqrt(texts.length),
    sketch.novelty.deviation / Math.sqrt(sketch.texts),
  );
  const pValue = error === 0 ? 1 : normalTail((share - sketch.novelty.share) / error);
  const threshold = sketch.novelty.share + thresholds.novelty;
  return statistic('vocabulary', 'novelty', { value: share, threshold, pValue }, thresholds);
}

function domainStatistic(
  sketch: TextSketch,
  texts: readonly string[],
  thresholds: TextThresholds,
): Statistic {
  const window = texts.slice(0, sketchVectorsMax).map(embed);
  const { auc, pValue } = separate(vectorsOf(sketch), window);
  return statistic('domain', 'auc', { value: auc, threshold: thresholds.auc, pValue }, thresholds);
}

const statistic = (
  feature: string,
  name: string,
  found: { readonly value: number; readonly threshold: number; readonly pValue: number },
  { pValue }: TextThresholds,
): Statistic => ({
  feature,
  statistic: name,
  ...found,
  drifted: found.value >= found.threshold && found.pValue < pValue,
});

function vectorsOf({ embedding }: TextSketch): readonly Int8Array[] {
  const bytes = new Int8Array(Buffer.from(embedding.vectors, 'base64'));
  return Array.from({ length: bytes.length / embedding.dimensions }, (_, row) =>
    bytes.subarray(row * embedding.dimensions, (row + 1) * embedding.dimensions),
  );
}

const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;
