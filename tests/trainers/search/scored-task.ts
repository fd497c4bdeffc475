// A small task with scores that follow from the texts, for searches.
import type { Split } from '../../../trainers/data-sets/split.ts';
import { createRandom } from '../../../trainers/random.ts';
import type { Task } from '../../../trainers/task.ts';
import type { Example } from '../../../trainers/trainer.ts';

const random = createRandom(21);
const words = ['explain', 'the', 'water', 'cycle', 'river', 'mill', 'please', 'turbine', 'how'];

const examples = Array.from({ length: 400 }, (): Example => {
  const length = 2 + Math.floor(random() * 30);
  const text = Array.from({ length }, () => words[Math.floor(random() * words.length)]!).join(' ');
  const asks = random() < 0.5;
  return {
    text: asks ? `${text}?` : text,
    labels: [],
    values: [2 * length + (asks ? 20 : 0) + 4 * random()],
  };
});

export const task: Task = {
  task: 'points',
  version: '1.0.0',
  doc: 'Points for length and asking.',
  labels: ['points'],
  activation: 'identity',
  emptyLabel: 'points',
  training: { kind: 'forest', parameters: {} },
  balancePower: 1,
  calibrationShare: 0.2,
  dataSets: [],
  reference: [],
  targets: [],
  limits: [],
};

export const split: Split = {
  train: examples.slice(0, 300),
  calibration: examples.slice(300),
  tests: [],
  used: [],
};
