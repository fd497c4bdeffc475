// GoEmotions (Demszky et al. 2020): Reddit comments with 28 emotions. Three tasks learn from it.

import type { Row } from '../data-sets/rows.ts';
import { textOf } from '../data-sets/rows.ts';
import type { DataSet, Role } from '../task.ts';
import type { Example } from '../trainer.ts';

/** The grouping that the data set’s authors document. */
export const groups = {
  positive:
    'admiration amusement approval caring desire excitement gratitude joy love optimism pride relief'.split(
      ' ',
    ),
  negative:
    'anger annoyance disappointment disapproval disgust embarrassment fear grief nervousness remorse sadness'.split(
      ' ',
    ),
  ambiguous: 'confusion curiosity realization surprise'.split(' '),
  neutral: ['neutral'],
};

const negativeByEkman = {
  anger: 'anger annoyance disapproval'.split(' '),
  disgust: ['disgust'],
  fear: 'fear nervousness'.split(' '),
  sadness: 'disappointment embarrassment grief remorse sadness'.split(' '),
};

/** Ekman’s six emotions, in the mapping of the same authors. */
export const ekman = {
  ...negativeByEkman,
  joy: groups.positive,
  surprise: groups.ambiguous,
  neutral: groups.neutral,
};

export const emotionsOf = (row: Row): readonly string[] => row.labels as readonly string[];

export const goemotions = (
  file: 'train' | 'dev' | 'test',
  role: Role,
  examples: (row: Row) => readonly Example[] = (row) => [{ text: textOf(row), labels: emotionsOf(row) }],
): DataSet => ({
  file: `goemotions/${file}`,
  role,
  licence: 'Apache-2.0',
  source: 'GoEmotions, through monologg/GoEmotions-pytorch@b75f9d3a8b76',
  shipped: true,
  examples,
});
