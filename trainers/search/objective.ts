// What a setting is worth: a model trained with it, judged through the files that would be served, on rows it did not
// learn from.
import { loadModel } from '../../processors/inference/load-model.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { foldOf } from '../data-sets/partition.ts';
import { expandExamples, type Split } from '../data-sets/split.ts';
import { ask, readLabels, readValues } from '../evaluation/answers.ts';
import { resampledFigures } from '../evaluation/label-figures.ts';
import { meanValueFigures, valueFigureNames } from '../evaluation/value-figures.ts';
import { draftManifest } from '../release/draft-manifest.ts';
import type { Task } from '../task.ts';
import type { Example, TrainingContext } from '../trainer.ts';
import { trainers } from '../trainers.ts';

export type Figures = Readonly<Record<string, number>>;

/** Figures of which less is better. */
const errors = new Set(['mae', 'rmse']);

/** The figure that is searched for unless a person names another. */
export const defaultObjective = ({ activation }: Task): string =>
  activation === 'identity' ? 'mae' : 'macroF1';

/** A figure as a score: more is better. Throws `Misconfigured` for a figure there is not. */
export function scoreOf(objective: string, figures: Figures): number {
  const figure = figures[objective];
  if (figure !== undefined) return errors.has(objective) ? -figure : figure;
  throw new Misconfigured(`the models of this task have no figure “${objective}”`, {
    code: 'unknown-objective',
    fix: `Choose from ${Object.keys(figures).join(', ')}.`,
  });
}

/** Rows to learn from and rows to be judged on. */
interface Fold {
  readonly train: readonly Example[];
  readonly dev: readonly Example[];
}

/** The task’s own dev rows, or parts of the training rows in turn, by their texts. */
export function foldsOf(split: Split, folds: number, seed: number): readonly Fold[] {
  const found: Fold[] =
    folds === 0
      ? [{ train: split.train, dev: split.calibration }]
      : Array.from({ length: folds }, (_, fold) => {
          const isDev = ({ text }: Example) => foldOf(text, seed, folds) === fold;
          return {
            train: split.train.filter((example) => !isDev(example)),
            dev: split.train.filter(isDev),
          };
        });
  if (found.every(({ train, dev }) => train.length > 0 && dev.length > 0)) return found;
  throw new Misconfigured('there are too few rows to learn from some and judge on others', {
    code: 'too-few-rows',
    fix: folds === 0 ? 'Take parts of the training rows in turn with --folds 5.' : 'Take fewer --folds.',
  });
}

/** Trains the task on one fold and gives its figures on the fold’s dev rows. */
export async function figuresOn(
  task: Task,
  { train, dev }: Fold,
  split: Split,
  context: TrainingContext,
): Promise<Figures> {
  const { labels, activation, training } = task;
  const trainer = trainers[training.kind];
  const data = { labels, activation, train: expandExamples(task, train, context.seed), dev };
  const trained = await trainer.fit(data, trainer.parameters.parse(training.parameters), context);
  const manifest = draftManifest(task, split, trained, { seed: context.seed });
  const model = await loadModel({ manifest, files: trained.files });
  try {
    const values = await ask(model, dev, { signal: context.signal });
    if (activation === 'identity') {
      const figures = meanValueFigures(readValues(manifest, dev, values));
      return named(valueFigureNames, figures);
    }
    const { names, of } = resampledFigures(readLabels(manifest, dev, values));
    return named(names, of());
  } finally {
    await model.close();
  }
}

/** Figures by name, those that have a value; six places, which is more than dev rows tell apart. */
function named(names: readonly string[], values: readonly number[]): Figures {
  const entries = names.map((name, at) => [name, Math.round(values[at]! * 1e6) / 1e6] as const);
  return Object.fromEntries(entries.filter(([, value]) => Number.isFinite(value)));
}

/** Means over folds, of the figures that all of them have. */
export function meanFigures(each: readonly Figures[]): Figures {
  const names = Object.keys(each[0] ?? {}).filter((name) => each.every((figures) => name in figures));
  return Object.fromEntries(
    names.map((name) => [name, each.reduce((sum, figures) => sum + figures[name]!, 0) / each.length]),
  );
}
