// Where the two sentiment tasks learn and are judged.

import { isInShare, type Row, textOf } from '../data-sets/rows.ts';
import type { DataSet, Role } from '../task.ts';
import type { Example } from '../trainer.ts';
import { emotionsOf, groups } from './goemotions.ts';

/** Sets without neutral rows are judged with neutral ruled out. */
export const polar = ['negative', 'positive'];

/** Rows whose emotions all lie in one of the groups; ambiguous and mixed ones say nothing. */
export const groupedAs =
  (names: readonly ('negative' | 'neutral' | 'positive')[]) =>
  (row: Row): readonly Example[] => {
    const emotions = emotionsOf(row);
    const group = names.find((name) => emotions.every((emotion) => groups[name].includes(emotion)));
    return group === undefined ? [] : [{ text: textOf(row), labels: [group] }];
  };

/** Sentences of reviews: one half is learned from, the other is judged on. */
export const reviewSentences = (role: Role, weight: number): DataSet => ({
  file: 'sentiment_labelled_sentences_uci/all',
  role,
  licence: 'CC-BY-4.0',
  source: 'UCI Sentiment Labelled Sentences, through chrisbcaldwell/SVM_Sentiment_Analysis@a19a5a856f70',
  shipped: true,
  among: polar,
  examples: (row) =>
    isInShare(textOf(row), 0.5) === (role === 'train')
      ? [{ text: textOf(row), labels: [String(row.label)], weight }]
      : [],
});

export const reviewPassages = (weight: number): DataSet => ({
  file: 'movie_reviews/passages',
  role: 'train',
  licence: 'CC-BY-4.0',
  source: 'Pang and Lee, movie reviews, through nltk/nltk_data@5db857e6f7df (two lines at a time)',
  shipped: true,
  examples: (row) => [{ text: textOf(row), labels: [row.label === 'neg' ? 'negative' : 'positive'], weight }],
});

/** Sets that only judge. Rows without one of `labels` are left out. */
export const evaluated = (
  file: string,
  source: string,
  labels: readonly string[],
  among?: readonly string[],
): DataSet => ({
  file,
  ...(among === undefined ? {} : { among }),
  role: 'test',
  licence: 'none stated',
  source,
  shipped: false,
  examples: (row) =>
    labels.includes(String(row.label)) ? [{ text: textOf(row), labels: [String(row.label)] }] : [],
});
