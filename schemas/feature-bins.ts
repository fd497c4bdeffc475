// The bins that the features of every text are counted in, whichever release answered: fixed, so that counts of any
// two times and releases can be compared.
import type { FeatureName } from './features.ts';

/** For what is there or not. */
const flag = [0.5] as const;

/** For marks that most texts have none of. */
const seldom = [1, 2, 3, 5] as const;

/**
 * Ascending edges of each feature: n edges make n + 1 bins, bin i holds the values in [edges[i-1], edges[i]), the first
 * and the last one are open-ended. Made from the deciles of the reference comments and prompts (trainers/data/reference),
 * rounded, with more edges above them for longer texts than those. They never move: what was counted on them stays.
 */
export const featureBins: Readonly<Record<FeatureName, readonly number[]>> = {
  characters: [10, 20, 28, 36, 44, 54, 66, 80, 100, 130, 180, 300, 600, 1_200],
  words: [3, 5, 6, 7, 8, 10, 12, 14, 17, 21, 30, 60, 120, 240],
  sentences: [2, 3, 4, 6, 11, 21],
  wordLength: [3, 3.4, 3.65, 3.9, 4.1, 4.35, 4.6, 4.95, 5.55, 6.55, 8.55],
  sentenceLength: [2.95, 4.45, 5.95, 7.05, 8.05, 9.55, 11.55, 14.05, 17.55, 21.05, 30.05],
  uniqueWordRatio: [0.49, 0.61, 0.73, 0.82, 0.87, 0.91, 0.94, 0.99],
  rootTypeTokenRatio: [1.7, 2.1, 2.4, 2.6, 2.9, 3.1, 3.4, 3.7, 4.1, 4.7, 6.1, 8.1],
  onceOnlyRatio: [0.56, 0.66, 0.74, 0.82, 0.87, 0.91, 0.94, 0.99],
  longWords: [1, 2, 3, 4, 6, 9, 15, 30],
  syllablesPerWord: [0.5, 1.05, 1.15, 1.22, 1.28, 1.35, 1.45, 1.55, 1.75, 2.05, 2.55],
  readingEase: [0.5, 30, 45, 55, 63, 70, 77, 83, 89, 95, 99.5],
  numbers: seldom,
  hasNumbers: flag,
  hasQuotes: flag,
  questionMarks: seldom,
  exclamationMarks: seldom,
  asksForExample: flag,
  asksForDetail: flag,
  asksForFormat: flag,
  listItems: seldom,
  codeBlocks: seldom,
  urls: seldom,
  emails: seldom,
  upperCaseRatio: [0.001, 0.021, 0.031, 0.041, 0.051, 0.071, 0.101, 0.151, 0.301, 0.601],
  emoji: seldom,
  mentions: seldom,
  hashtags: seldom,
  punctuationRatio: [0.001, 0.016, 0.024, 0.031, 0.041, 0.051, 0.066, 0.091, 0.131, 0.201],
  longestRepeat: [2, 3, 4, 6],
  lines: [2, 3, 5, 10, 20],
  nonLatinRatio: [0.001, 0.1, 0.5, 0.9, 0.999],
};
