// Whether a comment is negative, neutral or positive.

import type { Task } from '../task.ts';
import { commentFeaturizer } from './comment-featurizer.ts';
import { goemotions } from './goemotions.ts';
import { opinionSentences } from './opinion-words.ts';
import { evaluated, groupedAs, polar, reviewPassages, reviewSentences } from './sentiment-sources.ts';

const labels = ['negative', 'neutral', 'positive'] as const;
const grouped = groupedAs(labels);

export const sentiment: Task = {
  task: 'sentiment',
  version: '2.0.0',
  doc: 'Tells whether an English comment is negative, neutral or positive.',
  labels,
  activation: 'softmax',
  emptyLabel: 'neutral',
  training: {
    kind: 'linear',
    parameters: { ...commentFeaturizer, loss: 'logistic', cost: 1 },
  },
  balancePower: 1,
  written: opinionSentences(1),
  calibrationShare: 0.05,
  dataSets: [
    goemotions('train', 'train', grouped),
    goemotions('dev', 'calibration', grouped),
    goemotions('test', 'test', grouped),
    reviewSentences('train', 2),
    reviewSentences('test', 1),
    reviewPassages(0.1),
    evaluated('sst2/test', 'AcademiaSinicaNLPLab/sentiment_dataset@23c72429de5f', polar, polar),
    evaluated('tweeteval_sentiment/dev', 'cardiffnlp/tweeteval@4fbd22cd7842', labels),
  ],
  reference: ['comments'],
  targets: [],
  limits: [],
};
