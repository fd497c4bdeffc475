// Runs a study: setting after setting is tried on a task until enough trials ended or there is nothing left to try.
import type { Split } from '../data-sets/split.ts';
import type { Task, Training } from '../task.ts';
import { figuresOn, foldsOf, meanFigures, scoreOf } from './objective.ts';
import { isBehind } from './pruning.ts';
import { nextSetting } from './sampling.ts';
import type { Setting } from './space.ts';
import { appendTrial, openStudy, type Study, type StudyPlan } from './study-file.ts';
import type { Trial } from './trial.ts';

export interface StudyOptions {
  /** Directory of all studies. */
  readonly directory: string;
  readonly name: string;
  readonly plan: StudyPlan;
  /** Trials in all, those of earlier runs among them. */
  readonly trialsMax: number;
  readonly signal?: AbortSignal | undefined;
  /** Called before the first trial too, with the trials of earlier runs. */
  readonly onTrials?: ((trials: readonly Trial[]) => void) | undefined;
  /** The share of the trial now running that is done, 0–1. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** Runs a study to its end. Throws the signal’s reason when aborted: the trial that runs is lost, the others are kept. */
export async function runStudy(task: Task, split: Split, options: StudyOptions): Promise<Study> {
  const { directory, name, plan } = options;
  const study = await openStudy(directory, name, plan);
  const trials = [...study.trials];
  for (;;) {
    options.onTrials?.(trials);
    options.signal?.throwIfAborted();
    const setting = trials.length < options.trialsMax ? nextSetting(plan, trials) : null;
    if (setting === null) return { ...study, trials };
    const trial = await runTrial(task, split, { setting, earlier: trials }, options);
    await appendTrial(directory, name, trial);
    trials.push(trial);
  }
}

interface Attempt {
  readonly setting: Setting;
  readonly earlier: readonly Trial[];
}

async function runTrial(
  task: Task,
  split: Split,
  { setting, earlier }: Attempt,
  { plan, signal, onProgress }: StudyOptions,
): Promise<Trial> {
  const begun = performance.now();
  const epochs: number[] = [];
  let isPruned = false;
  const trial = (outcome: Pick<Trial, 'state' | 'score' | 'figures' | 'error'>): Trial => ({
    trial: earlier.length,
    setting,
    ...outcome,
    epochs,
    seconds: Math.round(performance.now() - begun) / 1_000,
  });
  const folds = foldsOf(split, plan.folds, plan.seed);
  const set = {
    ...task,
    training: { ...task.training, parameters: { ...plan.fixed, ...setting } } as Training,
  };
  try {
    const each = [];
    for (const [at, fold] of folds.entries()) {
      const figures = await figuresOn(set, fold, split, {
        seed: plan.seed,
        signal,
        onProgress: (done) => onProgress?.((at + done) / folds.length),
        // The first fold speaks for all: the others are not begun when it falls behind.
        onEpoch: (_epoch, devScore) => {
          if (at > 0 || !Number.isFinite(devScore)) return 'go-on';
          epochs.push(devScore);
          isPruned = plan.prune && isBehind(epochs, earlier);
          return isPruned ? 'stop' : 'go-on';
        },
      });
      if (isPruned) return trial({ state: 'pruned', figures });
      each.push(figures);
    }
    const figures = meanFigures(each);
    return trial({ state: 'finished', score: scoreOf(plan.objective, figures), figures });
  } catch (error) {
    if (signal?.aborted || earlier.length === 0) throw error;
    return trial({ state: 'failed', error: error instanceof Error ? error.message : String(error) });
  }
}
