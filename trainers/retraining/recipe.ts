// What a candidate is made of: the task it follows, and its rows from what the champion learned and what people said since.
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import type { Split } from '../data-sets/split.ts';
import { createRandom, shuffle } from '../random.ts';
import type { Task } from '../task.ts';
import type { Example } from '../trainer.ts';
import { type Collection, withoutHeld } from './collection.ts';
import { feedbackSet, type OwnData } from './own-data.ts';
import type { Plan } from './trial-folder.ts';
import type { Variant } from './variants.ts';

/** New rows from which on a candidate is calibrated on them alone: it is to answer what comes now. */
const calibrationMin = 200;

interface Ingredients {
  readonly plan: Plan;
  readonly champion: ModelManifest;
  readonly own: OwnData;
  readonly collection: Collection;
  readonly variant: Variant['name'];
}

/** The task without its trainer’s part, and what it is learned from and judged on. */
export function recipeOf({ plan, champion, own, collection, variant }: Ingredients): {
  readonly task: Task;
  readonly split: Split;
} {
  const { request, sha256, recentWeight } = plan;
  const fresh = collection.train.map((example) => ({
    ...example,
    weight: recentWeight * (example.weight ?? 1),
  }));
  const known = withoutHeld(own.split.train, collection.recent);
  const kept = variant === 'incremental' ? sample(known, fresh.length, plan.seed) : known;
  const isEnough = collection.calibration.length >= calibrationMin;
  const feedback = (role: 'train' | 'calibration' | 'test', rows: readonly Example[]) =>
    feedbackSet(request, role, rows.length, sha256);
  const recent = feedback('test', collection.recent);
  return {
    task: taskOf(plan, champion, own),
    split: {
      train: [...kept, ...fresh],
      calibration: isEnough ? collection.calibration : [...own.split.calibration, ...collection.calibration],
      tests: [
        ...own.split.tests.filter(({ examples }) => examples.length > 0),
        { set: recent.set, examples: collection.recent },
      ],
      used: [
        ...own.split.used.filter(({ set, rows }) => rows > 0 && !(isEnough && set.role === 'calibration')),
        feedback('train', fresh),
        feedback('calibration', collection.calibration),
        recent,
      ],
    },
  };
}

/** As many rows at most, drawn once and for all: what was learned before is not forgotten while it is gone over. */
function sample(rows: readonly Example[], most: number, seed: number): readonly Example[] {
  if (rows.length <= most) return rows;
  const order = Int32Array.from(rows, (_, row) => row);
  shuffle(order, createRandom(seed));
  return Array.from(order.subarray(0, most).sort(), (row) => rows[row]!);
}

/** Baselines are counted on what is calibrated on: the texts of now. */
function taskOf(
  { task, version }: Plan,
  champion: ModelManifest,
  own: OwnData,
): Omit<Task, 'training'> & Pick<Task, 'training'> {
  const { doc, labels, activation, groups, emptyLabel, targets, limits } = champion;
  const recipe = own.task;
  return {
    task,
    version,
    doc,
    labels,
    activation,
    ...(groups === undefined ? {} : { groups }),
    emptyLabel,
    training: { kind: 'linear', parameters: {} },
    balancePower: recipe?.balancePower ?? 1,
    ...(recipe?.augment === undefined ? {} : { augment: recipe.augment }),
    calibrationShare: 0,
    ...(recipe?.wantedAccuracy === undefined ? {} : { wantedAccuracy: recipe.wantedAccuracy }),
    dataSets: [],
    reference: [],
    targets,
    limits,
  };
}
