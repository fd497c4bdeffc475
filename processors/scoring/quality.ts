// What the rules say about one prompt’s feature vector.
import { featureAt } from '../../schemas/features.ts';
import {
  complexityRules,
  type Measure,
  qualityRules,
  qualityWeights,
  type Rule,
  type SubScore,
  subScores,
} from './rules.ts';

/** Quality and its sub-scores in points, 0–100. */
export type Quality = Readonly<Record<SubScore | 'quality', number>>;

/**
 * Sub-scores of a feature vector and their weighted mean. A rule that has no say over the text’s script is left
 * out of what can be earned too, so that a text in Arabic is not worse for lacking English phrases.
 */
export function qualityOf(values: readonly number[]): Quality {
  const scored: Record<SubScore, number> = { clarity: 0, specificity: 0, structure: 0, context: 0 };
  let quality = 0;
  for (const subScore of subScores) {
    scored[subScore] = 100 * shareOf(qualityRules[subScore], values);
    quality += qualityWeights[subScore] * scored[subScore];
  }
  return { ...scored, quality };
}

/** How demanding a prompt is, 0–1: the share of the points of `complexityRules`. */
export function complexityOf(values: readonly number[]): number {
  return shareOf(complexityRules, values);
}

/** Points of the rules over the points that could be earned, 0–1. */
function shareOf(rules: readonly Rule[], values: readonly number[]): number {
  const isLatin = (values[featureAt.nonLatinRatio] as number) < 0.5;
  let points = 0;
  let available = 0;
  for (const rule of rules) {
    if (rule.latinOnly === true && !isLatin) continue;
    points += rule.points * strengthOf(rule, values);
    if (rule.points > 0) available += rule.points;
  }
  return Math.min(1, Math.max(0, points / available));
}

function strengthOf({ measure, from, to }: Rule, values: readonly number[]): number {
  return Math.min(1, Math.max(0, (measured(measure, values) - from) / (to - from)));
}

function measured(measure: Measure, values: readonly number[]): number {
  if (measure === 'longWordShare') return ratio(values, 'longWords', 'words');
  if (measure === 'wordsPerLine') return ratio(values, 'words', 'lines');
  return values[featureAt[measure]] as number;
}

function ratio(values: readonly number[], part: 'longWords' | 'words', whole: 'words' | 'lines'): number {
  const divisor = values[featureAt[whole]] as number;
  return divisor === 0 ? 0 : (values[featureAt[part]] as number) / divisor;
}
