// Coarser readings of the emotions of a comment: Ekman’s six, and positive, negative and ambiguous ones. Models of their
// own find more than sums over the model of 28 labels, and are smaller.
import type { Row } from '../data-sets/rows.ts';
import { textOf } from '../data-sets/rows.ts';
import type { Task } from '../task.ts';
import type { Example } from '../trainer.ts';
import { commentFeaturizer } from './comment-featurizer.ts';
import { ekman, emotionsOf, goemotions, groups } from './goemotions.ts';

type Grouping = Readonly<Record<string, readonly string[]>>;

const groupedBy =
  (grouping: Grouping) =>
  (row: Row): readonly Example[] => {
    const emotions = emotionsOf(row);
    const labels = Object.keys(grouping).filter((name) =>
      grouping[name]!.some((emotion) => emotions.includes(emotion)),
    );
    return [{ text: textOf(row), labels }];
  };

type Described = Pick<Task, 'task' | 'doc' | 'targets' | 'limits'>;

const grouped = (grouping: Grouping, described: Described): Task => ({
  ...described,
  version: '1.0.0',
  labels: Object.keys(grouping).sort(),
  activation: 'softmax',
  emptyLabel: 'neutral',
  training: {
    kind: 'linear',
    parameters: { ...commentFeaturizer, cost: 0.08, documentsMin: 2 },
  },
  balancePower: 1,
  calibrationShare: 0.05,
  dataSets: [
    goemotions('train', 'train', groupedBy(grouping)),
    goemotions('dev', 'calibration', groupedBy(grouping)),
    goemotions('test', 'test', groupedBy(grouping)),
  ],
  reference: ['comments'],
});

const limits = [
  'English only: the answer for other languages means little.',
  'Annotators of GoEmotions often disagree; the leading label is one reading of a comment.',
  'Where two groups hold at once they share the probability: confidence understates there.',
];

export const emotionEkman: Task = grouped(ekman, {
  task: 'emotion-ekman',
  doc: 'Tells which of Ekman’s six emotions, or none (neutral), an English comment shows.',
  targets: [
    'Seed target: 88 % accuracy. Reached 67.7 % for the leading label and 59.0 macro-F1: 20.3 points below. Prototypes: 58.9 macro-F1; to strive for: 60.5.',
    'A fine-tuned transformer that is imported gives 64 macro-F1 (BERT, in the paper; 62.4 in a later repository).',
  ],
  limits,
});

export const emotionGroup: Task = grouped(groups, {
  task: 'emotion-group',
  doc: 'Tells whether the emotions an English comment shows are positive, negative, ambiguous or none (neutral).',
  targets: [
    'Seed target: 88 % accuracy. Reached 70.0 % for the leading label and 67.1 macro-F1: 18.0 points below. Prototypes: 66.4 macro-F1; to strive for: 68.',
    'A fine-tuned transformer that is imported gives 69 macro-F1 (BERT, in the paper; 70.1 in a later repository).',
  ],
  limits,
});
