// What is searched for each kind of trainer unless a person says otherwise.
import type { TrainerKind } from '../trainers.ts';
import { choice, float, log, type Space } from './space.ts';

/** The forest grid has 3 × 4 × 3 × 4 = 144 settings. */
export const defaultSpaces: Readonly<Partial<Record<TrainerKind, Space>>> = {
  forest: {
    trees: choice(50, 100, 200),
    depthMax: choice(4, 8, 16, 0),
    leafRowsMin: choice(1, 3, 10),
    featureShare: choice('sqrt', 0.33, 0.6, 1),
  },
  ngram: {
    learningRate: log(0.02, 0.4),
    epochs: choice(3, 6, 10),
    dropout: float(0, 0.7),
    dimensions: choice('linear', 16),
  },
  linear: {
    cost: log(0.05, 20),
    charactersMax: choice(4, 5, 6),
    words: choice(1, 2, 3),
    loss: choice('squared-hinge', 'logistic'),
  },
};
