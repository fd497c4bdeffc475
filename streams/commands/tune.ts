// `millrace tune`: searches for the options a trainer does best with on a task, and tells them.
import { join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { tailored } from '../../trainers/options.ts';
import { searchPlan } from '../../trainers/search/plan.ts';
import { type Search, searches } from '../../trainers/search/sampling.ts';
import { gridSize } from '../../trainers/search/space.ts';
import { runStudy } from '../../trainers/search/study.ts';
import { listStudies, readStudy, studyPath } from '../../trainers/search/study-file.ts';
import { bestOf } from '../../trainers/search/trial.ts';
import type { TrainerKind } from '../../trainers/trainers.ts';
import { table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';
import { numberBetween } from './data-places.ts';
import { collect, kinds, oneOf, readSplit, taskFor } from './training-task.ts';
import { report, showProgress } from './tune-report.ts';

interface Options {
  readonly on?: string;
  readonly kind?: TrainerKind;
  readonly set: readonly string[];
  readonly space: readonly string[];
  readonly search: Search;
  readonly trials?: number;
  readonly objective?: string;
  readonly folds: number;
  readonly prune: boolean;
  readonly study?: string;
  readonly seed: number;
  readonly data?: string;
  readonly json?: boolean;
}

/** Trials of a search that would not end by itself. */
const trialsDefault = 30;

const examples = `
A study is kept and goes on where it ended when the same command is given again, with more --trials too.

Examples:
  millrace tune sentiment --trials 20
  millrace tune sentiment --space learningRate=log:0.02..0.4 --space epochs=3,6,10 --search random
  millrace tune my-scores --on ratings --kind forest --search grid
  millrace tune show sentiment-ngram-tpe --json | jq -r .flags`;

export const tune: Define = (program, context, action) => {
  const group = program
    .command('tune')
    .usage('<task> [options] | list | show <study>')
    .description('search for the options a trainer does best with; list and show studies')
    .addHelpText('after', `${examples}\n\nAll options of a search: millrace tune run --help`);
  group
    .command('run <task>', { isDefault: true })
    .description('search: the same as “millrace tune <task>”')
    .option('--on <set>', 'data set to learn from: its name, name@version, or a path')
    .option('--kind <kind>', `kind of model (default: the task’s): ${kinds.join(', ')}`, oneOf(kinds))
    .option('--set <name=value>', 'option of the trainer that all trials share', collect, [])
    .option(
      '--space <name=…>',
      'option to search: a,b,c or 1..10 or log:0.001..1 (default: a space that suits the kind)',
      collect,
      [],
    )
    .option('--search <how>', `${searches.join(', ')}`, oneOf(searches), 'tpe')
    .option(
      '--trials <number>',
      `trials in all (default: the whole grid, else ${trialsDefault})`,
      numberBetween(1, 100_000, true),
    )
    .option('--objective <figure>', 'figure on dev to do well in (default: macroF1, or mae for values)')
    .option(
      '--folds <number>',
      'take so many parts of the training rows as dev in turn (default: the task’s dev rows)',
      foldsNumber,
      0,
    )
    .option('--no-prune', 'let trials that fall behind go on to their end')
    .option('--study <name>', 'name of the study (default: <task>-<kind>-<search>)')
    .option('--seed <number>', 'of the search and of every training', numberBetween(0, 2 ** 32 - 1, true), 1)
    .option('--data <directory>', 'data that may be used to judge and not be passed on')
    .option('--json', 'print the study and its best trial')
    .addHelpText('after', examples)
    .action(action((name: string, options: Options) => run(context, name, options)));
  group
    .command('list')
    .description('every study of this data directory')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace tune list')
    .action(action((options: { readonly json?: boolean }) => list(context, options.json ?? false)));
  group
    .command('show <study>')
    .description('the trials of a study, the best first')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace tune show sentiment-ngram-tpe')
    .action(
      action((name: string, options: { readonly json?: boolean }) =>
        show(context, name, options.json ?? false),
      ),
    );
};

function foldsNumber(text: string): number {
  const folds = numberBetween(0, 50, true)(text);
  if (folds === 1) throw new InvalidArgumentError('It has to be 2 or more, or 0 for the task’s dev rows.');
  return folds;
}

const studiesOf = ({ configuration, workingDirectory }: CommandContext): string =>
  join(resolve(workingDirectory, configuration.dataDirectory), 'studies');

async function run(context: CommandContext, name: string, options: Options): Promise<number> {
  const { io } = context;
  const chosen = await taskFor(context, name, options);
  const task = tailored(chosen.task, options.kind, options.set);
  const study = options.study ?? `${name}-${task.training.kind}-${options.search}`;
  studyPath('', study);
  const { seed, folds, prune, search } = options;
  const wishes = { space: options.space, search, seed, folds, prune, objective: options.objective };
  const checked = searchPlan(task, wishes, {});
  const split = chosen.split ?? (await readSplit(context, task, options));
  const data = Object.fromEntries(split.used.map(({ set, sha256 }) => [set.file, sha256]));
  const size = gridSize(checked.space);
  const trialsMax = options.trials ?? (search === 'grid' ? size : trialsDefault);
  const progress = showProgress(context, trialsMax);
  const result = await runStudy(task, split, {
    directory: studiesOf(context),
    name: study,
    plan: { ...checked, data },
    trialsMax,
    signal: io.signal,
    ...progress,
  });
  if (io.columns) await io.stderr.write('\r\u001b[K');
  await report(context, result, options.json ?? false);
  return exitCodes.done;
}

async function list(context: CommandContext, json: boolean): Promise<number> {
  const { io } = context;
  const studies = await listStudies(studiesOf(context));
  const rows = studies.map(({ name, plan, trials }) => ({
    study: name,
    task: plan.task,
    kind: plan.trainer,
    search: plan.search,
    trials: trials.length,
    objective: plan.objective,
    best: bestOf(trials)?.figures?.[plan.objective] ?? null,
  }));
  if (json) await io.stdout.write(jsonLine(rows));
  else if (rows.length === 0) await io.stderr.write(`no studies in ${studiesOf(context)}\n`);
  else await io.stdout.write(table(rows));
  return exitCodes.done;
}

async function show(context: CommandContext, name: string, json: boolean): Promise<number> {
  const study = await readStudy(studiesOf(context), name);
  await report(context, study, json);
  return exitCodes.done;
}
