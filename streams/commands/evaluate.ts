// `millrace evaluate`: judges a release on held-out rows, alone or against another, and writes a report.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadModel } from '../../processors/inference/load-model.ts';
import type { Model } from '../../processors/inference/model.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { ModelRelease } from '../../schemas/model-manifest.ts';
import { compare } from '../../trainers/evaluation/comparison.ts';
import { verdict } from '../../trainers/evaluation/comparison-report.ts';
import { answerSet, evaluate as evaluateSet, type JudgedSet } from '../../trainers/evaluation/evaluate.ts';
import type { Comparison, Evaluation } from '../../trainers/evaluation/evaluation.ts';
import { figureText } from '../../trainers/evaluation/figure-text.ts';
import { timesFor } from '../../trainers/evaluation/judge.ts';
import { measureLatency } from '../../trainers/evaluation/latency.ts';
import { printReport, type Report } from '../../trainers/evaluation/report.ts';
import { modelStoreOf } from '../models.ts';
import { bar, count, table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';
import { numberBetween, progressLine } from './data-places.ts';
import { judgedSets, slicedByLanguage } from './evaluation-sets.ts';

export interface EvaluateOptions {
  readonly data?: string;
  readonly split?: string;
  readonly languages?: boolean;
  readonly against?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly bootstrap?: number;
  readonly limit?: number;
  readonly seed: number;
}

const barColumns = 24;
const latencyTexts = 512;

export const evaluate: Define = (program, context, action) => {
  program
    .command('evaluate <release>')
    .description('judge a release on held-out rows: figures with intervals, curves, slices, worst errors')
    .option(
      '--data <set>',
      'a data set (name, name@version or path), or a directory of collected sets (default: the held-out sets of its task)',
    )
    .option('--split <name>', 'split of the data set to judge on (default: test, all rows where it has none)')
    .option('--languages', 'tell figures apart by language, as the serving language release calls each text')
    .option('--against <release>', 'also judge this release on the same rows, and the difference')
    .option('--out <folder>', 'write evaluation.json and report.html into this folder')
    .option(
      '--bootstrap <draws>',
      'draws of the bootstrap (default: 1000, fewer for large sets)',
      numberBetween(0, 100_000, true),
    )
    .option(
      '--limit <rows>',
      'judge on this many rows of each set, evenly spread',
      numberBetween(1, 1e9, true),
    )
    .option('--seed <number>', 'seed of the bootstrap', numberBetween(0, 2 ** 31, true), 1)
    .option('--json', 'print the evaluation as JSON')
    .addHelpText(
      'after',
      `
A release is task@version or task@champion; a task means its serving release. Labels of the data have to be labels of
the model. Speed is measured on this machine, in one thread.

Examples:
  millrace evaluate toxicity
  millrace evaluate toxicity@1.1.0 --against toxicity@1.0.0 --out /tmp/report
  millrace evaluate sentiment --data ./reviews.jsonl --json | jq '.evaluations[].figures.accuracy'
  millrace evaluate toxicity --data ./collected --languages`,
    )
    .action(action((release: string, options: EvaluateOptions) => run(context, release, options)));
};

interface Contestant {
  readonly model: Model;
  readonly release: string;
  readonly bytes: number;
}

async function run(context: CommandContext, name: string, options: EvaluateOptions): Promise<number> {
  const { io } = context;
  const store = modelStoreOf(context.configuration);
  const releases = [await store.load(name)];
  if (options.against !== undefined) releases.push(await store.load(options.against));
  const given = await judgedSets(context, releases[0]!.manifest, options);
  const sets = options.languages
    ? await slicedByLanguage(await store.load('language'), given, io.signal)
    : given;
  const contestants = await Promise.all(releases.map(contestantOf));
  try {
    const report = await judge(context, contestants, sets, options);
    if (options.out !== undefined) await writeReport(resolve(context.workingDirectory, options.out), report);
    await io.stdout.write(options.json ? jsonLine(report) : summary(report, options.out));
  } finally {
    await progressLine(context).clear();
    await Promise.all(contestants.map(({ model }) => model.close()));
  }
  return exitCodes.done;
}

async function contestantOf(release: ModelRelease): Promise<Contestant> {
  const bytes = [...release.files.values()].reduce((sum, file) => sum + file.length, 0);
  return { model: await loadModel(release), release: release.manifest.release, bytes };
}

async function judge(
  context: CommandContext,
  [first, second]: readonly Contestant[],
  sets: readonly JudgedSet[],
  options: EvaluateOptions,
): Promise<Report> {
  const { signal } = context.io;
  const evaluations: Evaluation[] = [];
  const comparisons: Comparison[] = [];
  for (const set of sets) {
    const times = options.bootstrap ?? timesFor(set.examples.length);
    const step = (what: string) => ({
      signal,
      seed: options.seed,
      times,
      onProgress: showStep(context, set, what),
    });
    const answered = await answerSet(first!.model, set, step('answering'));
    const evaluation = await evaluateSet(first!.model, first!.bytes, set, answered, step('intervals'));
    evaluations.push({ ...evaluation, ...(await latencyOf(context, first!.model, set)) });
    if (second === undefined) continue;
    const others = await answerSet(second.model, set, step(`answering (${second.release})`));
    const sides = [
      { release: first!.release, answered },
      { release: second.release, answered: others },
    ] as const;
    comparisons.push(await compare(...sides, set, step('comparing')));
  }
  return { evaluations, comparisons };
}

async function latencyOf(
  context: CommandContext,
  model: Model,
  set: JudgedSet,
): Promise<Pick<Evaluation, 'latency'>> {
  showStep(context, set, 'measuring speed')(1);
  const inputs = set.examples
    .slice(0, latencyTexts)
    .map(({ text, second }) => (second === undefined ? text : ([text, second] as const)));
  return { latency: await measureLatency(model, inputs, context.io.signal) };
}

/** A bar on a terminal, a line for each new step elsewhere. */
function showStep(
  context: CommandContext,
  { name, examples }: JudgedSet,
  what: string,
): (done: number) => void {
  const line = progressLine(context);
  let begun = false;
  return (done) => {
    if (!context.io.columns && !begun)
      void context.io.stderr.write(`${name}, ${count(examples.length)} rows: ${what}\n`);
    line.show(`${name} ${what.padEnd(16)} ${bar(done, barColumns)}`);
    begun = true;
  };
}

async function writeReport(folder: string, report: Report): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'evaluation.json'), `${JSON.stringify(report, null, 1)}\n`);
    await writeFile(join(folder, 'report.html'), printReport(report));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === undefined) throw cause;
    throw new Misconfigured(`the report cannot be written into ${folder}: ${String(cause)}`, {
      code: 'report-unwritable',
      fix: 'Name a folder with --out that can be made and written to.',
      cause,
    });
  }
}

/** What a terminal shows: figures of each set, speed, and the verdict of each comparison. */
function summary({ evaluations, comparisons }: Report, out: string | undefined): string {
  const names = [...new Set(evaluations.flatMap(({ figures }) => Object.keys(figures)))];
  const rows = names.map((name) => ({
    figure: name,
    ...Object.fromEntries(
      evaluations.map(({ set, samples, figures }) => [
        `${set} (${count(samples)})`,
        figures[name] ? figureText(name, figures[name]) : '–',
      ]),
    ),
  }));
  const { release, bytes, latency } = evaluations[0]!;
  const speed = latency
    ? `, ${latency.single.p50.toFixed(2)} ms a text (95 of 100 below ${latency.single.p95.toFixed(2)}), ${count(latency.batch64.textsPerSecond)} texts a second in batches of 64`
    : '';
  const verdicts = comparisons.map((comparison) => `${comparison.set}: ${verdict(comparison)}\n`);
  const place = out === undefined ? '' : `Report: ${join(out, 'report.html')}\n`;
  return `${release}: ${(bytes / 1e6).toFixed(2)} MB${speed}\n${table(rows)}${verdicts.join('')}${place}`;
}
