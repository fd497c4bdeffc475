// Which emotions a comment shows: the 28 labels of GoEmotions, several of which may hold.
import type { Task } from '../task.ts';
import { commentFeaturizer } from './comment-featurizer.ts';
import { goemotions, groups } from './goemotions.ts';

export const emotion: Task = {
  task: 'emotion',
  version: '2.0.0',
  doc: 'Tells which of 27 emotions, or none (neutral), an English comment shows. One softmax over all 28, so that the leading label has a calibrated probability, and a threshold for each label where several are wanted. Coarser groups (Ekman’s six, positive and negative) are sums of its probabilities, which is why the fine labels were chosen.',
  labels: Object.values(groups).flat().sort(),
  activation: 'softmax',
  emptyLabel: 'neutral',
  training: {
    kind: 'linear',
    parameters: { ...commentFeaturizer, loss: 'logistic', cost: 2, documentsMin: 2 },
  },
  balancePower: 1,
  calibrationShare: 0.05,
  dataSets: [goemotions('train', 'train'), goemotions('dev', 'calibration'), goemotions('test', 'test')],
  reference: ['comments'],
  targets: [
    'BERT in the paper: 46 macro-F1 over 28 labels; prototypes with separate classifiers: 47.7; to strive for: 48.5.',
  ],
  limits: [
    'English only: the answer for other languages means little.',
    'grief, pride, relief, nervousness and embarrassment are rare in the data and rarely found.',
    'Where two emotions hold at once they share the probability: confidence understates there, which is most of the calibration error.',
    'Annotators of GoEmotions often disagree; the leading label is one reading of a comment.',
  ],
};
