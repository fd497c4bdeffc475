// Whether a comment is negative, neutral or positive.

import { isInShare, type Row, textOf } from '../data-sets/rows.ts';
import { type DataSet, type Role, sharedFeaturizer, type Task } from '../task.ts';
import type { Example } from '../trainer.ts';
import { emotionsOf, goemotions, groups } from './goemotions.ts';

/** Rows whose emotions all lie in one group; ambiguous and mixed ones say nothing. */
function grouped(row: Row): readonly Example[] {
  const emotions = emotionsOf(row);
  const group = (['negative', 'neutral', 'positive'] as const).find((name) =>
    emotions.every((emotion) => groups[name].includes(emotion)),
  );
  return group === undefined ? [] : [{ text: textOf(row), labels: [group] }];
}

/** Sets without neutral rows are judged with neutral ruled out. */
const polar = ['negative', 'positive'];

/** One half is learned from, the other is judged on. */
const reviews = (role: Role): DataSet => ({
  file: 'sentiment_labelled_sentences_uci/all',
  role,
  licence: 'CC-BY-4.0',
  source: 'UCI Sentiment Labelled Sentences, through chrisbcaldwell/SVM_Sentiment_Analysis@a19a5a856f70',
  shipped: true,
  among: polar,
  examples: (row) =>
    isInShare(textOf(row), 0.5) === (role === 'train')
      ? [{ text: textOf(row), labels: [String(row.label)], weight: 2 }]
      : [],
});

const evaluated = (file: string, source: string, among?: readonly string[]): DataSet => ({
  file,
  ...(among === undefined ? {} : { among }),
  role: 'test',
  licence: 'none stated',
  source,
  shipped: false,
  examples: (row) => [{ text: textOf(row), labels: [String(row.label)] }],
});

export const sentiment: Task = {
  task: 'sentiment',
  version: '1.0.0',
  doc: 'Tells whether an English comment is negative, neutral or positive.',
  labels: ['negative', 'neutral', 'positive'],
  activation: 'softmax',
  emptyLabel: 'neutral',
  training: {
    kind: 'ngram',
    parameters: { ...sharedFeaturizer, dimensions: 'linear', epochs: 6, learningRate: 0.08, dropout: 0.4 },
  },
  balancePower: 0.7,
  calibrationShare: 0.05,
  dataSets: [
    goemotions('train', 'train', grouped),
    goemotions('dev', 'calibration', grouped),
    goemotions('test', 'test', grouped),
    reviews('train'),
    reviews('test'),
    {
      file: 'movie_reviews/endings',
      role: 'train',
      licence: 'CC-BY-4.0',
      source: 'Pang and Lee, movie reviews, through nltk/nltk_data@5db857e6f7df (last eight lines of each)',
      shipped: true,
      examples: (row) => [
        { text: textOf(row), labels: [row.label === 'neg' ? 'negative' : 'positive'], weight: 0.5 },
      ],
    },
    evaluated('sst2/test', 'AcademiaSinicaNLPLab/sentiment_dataset@23c72429de5f', polar),
    evaluated('tweeteval_sentiment/dev', 'cardiffnlp/tweeteval@4fbd22cd7842'),
  ],
  reference: ['comments'],
  targets: [
    'Prototypes: Reddit three-class 72.7/71.5 (accuracy/macro-F1); reviews 85.8 and SST-2 75.9 by a separate binary model.',
  ],
  limits: [
    'English only: the answer for other languages means little.',
    'Reviews and SST-2 have no neutral rows and are judged with neutral ruled out; in use, many of their rows are called neutral.',
    'Irony and sentiment towards one of several things in a comment are beyond it.',
  ],
};
