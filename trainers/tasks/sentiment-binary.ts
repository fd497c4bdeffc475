// Whether a text with an opinion is negative or positive.

import type { Task } from '../task.ts';
import { commentFeaturizer } from './comment-featurizer.ts';
import { goemotions } from './goemotions.ts';
import { opinionSentences } from './opinion-words.ts';
import { evaluated, groupedAs, polar, reviewPassages, reviewSentences } from './sentiment-sources.ts';

const opinionated = groupedAs(['negative', 'positive']);

export const sentimentBinary: Task = {
  task: 'sentiment-binary',
  version: '1.0.0',
  doc: 'Tells whether an English text that holds an opinion, such as a review, is negative or positive. Where texts may also be neutral, use the task “sentiment”.',
  labels: ['negative', 'positive'],
  activation: 'softmax',
  emptyLabel: 'positive',
  training: {
    kind: 'linear',
    parameters: { ...commentFeaturizer, loss: 'logistic', cost: 1, balance: 'balanced' },
  },
  balancePower: 1,
  written: opinionSentences(4),
  calibrationShare: 0.05,
  dataSets: [
    goemotions('train', 'train', opinionated),
    goemotions('dev', 'calibration', opinionated),
    goemotions('test', 'test', opinionated),
    reviewSentences('train', 3),
    reviewSentences('test', 1),
    reviewPassages(0.3),
    evaluated('sst2/test', 'AcademiaSinicaNLPLab/sentiment_dataset@23c72429de5f', polar),
    evaluated('tweeteval_sentiment/dev', 'cardiffnlp/tweeteval@4fbd22cd7842', polar),
  ],
  reference: ['comments'],
  targets: [],
  limits: [],
};
