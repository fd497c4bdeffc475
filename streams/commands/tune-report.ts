// What `millrace tune` shows: the search as it runs, and the trials of a study.
import { flagsOf, type Study } from '../../trainers/search/study-file.ts';
import { bestOf, type Trial } from '../../trainers/search/trial.ts';
import { bar, table } from '../terminal.ts';
import { type CommandContext, jsonLine } from './command.ts';

const barColumns = 20;

/** On a terminal one line with the best so far; elsewhere a line for each trial that ended. */
export function showProgress({ io }: CommandContext, trialsMax: number) {
  let trials: readonly Trial[] = [];
  let seen = -1;
  const draw = (done: number) => {
    const best = bestOf(trials);
    const so = best === undefined ? '' : `best ${shown(best)} ${flagsOf(best.setting)}`;
    const share = bar((trials.length + done) / trialsMax, barColumns).padEnd(barColumns);
    const line = `trial ${Math.min(trials.length + 1, trialsMax)} of ${trialsMax} ${share} ${so}`;
    void io.stderr.write(`\r${line.slice(0, (io.columns ?? 100) - 1)}\u001b[K`);
  };
  return {
    onTrials(all: readonly Trial[]) {
      trials = all;
      if (io.columns) draw(0);
      else {
        const last = all.at(-1);
        if (seen < 0 && last) void io.stderr.write(`going on after ${all.length} trials\n`);
        else if (last) void io.stderr.write(lineOf(last, bestOf(all)));
        seen = all.length;
      }
    },
    onProgress(done: number) {
      if (io.columns) draw(done);
    },
  };
}

function lineOf(trial: Trial, best: Trial | undefined): string {
  const outcome = trial.score === undefined ? (trial.error ?? trial.state) : shown(trial);
  const so = best === undefined ? '' : `; best ${shown(best)} (trial ${best.trial})`;
  return `trial ${trial.trial}: ${outcome} in ${trial.seconds} s${so}; ${flagsOf(trial.setting)}\n`;
}

/** The figure that is searched for; a score is its negative where less is better. */
const shown = ({ score = 0 }: Trial): string => Math.abs(score).toFixed(4);

/** Prints a study: its trials, the best first, and the best as options of `millrace train`. */
export async function report({ io }: CommandContext, study: Study, json: boolean): Promise<void> {
  const { plan, trials } = study;
  const best = bestOf(trials);
  const flags = best === undefined ? '' : trainFlags(study, best);
  if (json) {
    await io.stdout.write(jsonLine({ study: study.name, ...plan, best: best ?? null, flags, trials }));
    return;
  }
  const ranked = [...trials].sort(
    (a, b) => (b.score ?? Number.NEGATIVE_INFINITY) - (a.score ?? Number.NEGATIVE_INFINITY),
  );
  const rows = ranked.map(({ trial, state, score, figures, seconds, setting }) => ({
    trial,
    state,
    [plan.objective]: score === undefined ? null : (figures?.[plan.objective] ?? null),
    seconds,
    ...setting,
  }));
  await io.stdout.write(table(rows));
  if (best) await io.stdout.write(`\nThe best, as options of “millrace train”: ${flags}\n`);
}

/** What `millrace train <task>` needs to train the best trial’s model. */
const trainFlags = ({ plan }: Study, best: Trial): string =>
  [`--kind ${plan.trainer}`, flagsOf({ ...plan.fixed, ...best.setting })].join(' ');
