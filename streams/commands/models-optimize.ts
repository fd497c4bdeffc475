// `millrace models optimize`: a smaller release of a release, judged on held-out rows before it is written.
import { type Command, InvalidArgumentError } from 'commander';
import { Misconfigured } from '../../schemas/errors.ts';
import type { ModelRelease } from '../../schemas/model-manifest.ts';
import { repositorySets } from '../../trainers/data-sets/catalog.ts';
import { openDataSet } from '../../trainers/data-sets/open.ts';
import type { Split } from '../../trainers/data-sets/split.ts';
import { type OptimisationReport, optimise } from '../../trainers/optimisation/optimise.ts';
import type { PruningMethod } from '../../trainers/optimisation/pruning.ts';
import type { Task } from '../../trainers/task.ts';
import { declareTask } from '../../trainers/tasks/declared-task.ts';
import { tasks } from '../../trainers/tasks/tasks.ts';
import { modelStoreOf, storeFor } from '../models.ts';
import { count, table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine } from './command.ts';
import { numberBetween, placesOf } from './data-places.ts';
import { readSplit, versionText } from './training-task.ts';

interface Options {
  readonly method: PruningMethod;
  readonly sparsity?: number;
  readonly setVersion: string;
  readonly dropLimit: number;
  readonly on?: string;
  readonly data?: string;
  readonly out?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function defineOptimize(group: Command, context: CommandContext, action: Action): void {
  group
    .command('optimize <release>')
    .description('make a smaller release of an n-gram or linear one; refused where it loses too much')
    .requiredOption('--set-version <version>', 'version of the new release', versionText)
    .option(
      '--method <method>',
      'prune: buckets of the smallest weights go; buckets: those rarest in training texts go',
      methodNamed,
      'prune' as const,
    )
    .option(
      '--sparsity <share>',
      'share of the buckets to drop (default: 0.5 for prune; for buckets, those no training text has)',
      numberBetween(0, 0.99),
    )
    .option('--drop-limit <points>', 'points of accuracy or macro-F1 it may lose', numberBetween(0, 100), 0.5)
    .option('--on <set>', 'data set to judge on, for tasks that are not of the repository')
    .option('--data <directory>', 'data that may be used to judge and not be passed on')
    .option('--out <directory>', 'models directory to write into (default: inference.modelsDirectory)')
    .option('--dry-run', 'measure, and write nothing')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
The release is written when it loses no more than the limit on held-out rows; otherwise the exit code is 3.

Examples:
  millrace models optimize emotion --set-version 1.1.0
  millrace models optimize toxicity@champion --method buckets --set-version 1.2.0 --json
  millrace models optimize my-task@1.0.0 --on ./rows.jsonl --sparsity 0.8 --drop-limit 1 --set-version 1.0.1`,
    )
    .action(action((release: string, options: Options) => run(context, release, options)));
}

function methodNamed(text: string): PruningMethod {
  if (text === 'prune' || text === 'buckets') return text;
  throw new InvalidArgumentError('It has to be prune or buckets.');
}

async function run(context: CommandContext, name: string, options: Options): Promise<number> {
  const { io, configuration } = context;
  const store = modelStoreOf(configuration);
  const parent = await store.load(name);
  const { task, split } = await dataOf(context, parent, options);
  const report = await optimise(parent, task, split, {
    ...options,
    version: options.setVersion,
    store: storeFor(context, options),
    data: repositorySets,
    language: parent.manifest.task === 'language' ? null : await store.load('language'),
    signal: io.signal,
    onProgress: (stage) => void io.stderr.write(io.columns ? `\r${stage}\u001b[K` : `${stage}\n`),
  });
  if (io.columns) await io.stderr.write('\r\u001b[K');
  await io.stdout.write(options.json ? jsonLine(report) : print(report));
  return report.drop <= report.dropLimit ? exitCodes.done : exitCodes.partly;
}

/** The held-out rows of the task, and its training texts. */
async function dataOf(
  context: CommandContext,
  { manifest }: ModelRelease,
  options: Options,
): Promise<{ readonly task: Task; readonly split: Split }> {
  if (options.on !== undefined) {
    const set = await openDataSet(options.on, placesOf(context, options));
    return declareTask(manifest.task, options.setVersion, set, manifest.seed);
  }
  const task = tasks.find((known) => known.task === manifest.task);
  if (task === undefined) {
    throw new Misconfigured(`the repository has no data for the task “${manifest.task}”`, {
      code: 'unknown-task',
      fix: 'Name the data set to judge on with --on.',
    });
  }
  return { task, split: await readSplit(context, task, { ...options, seed: manifest.seed }) };
}

function print({
  from,
  release,
  before,
  after,
  drop,
  dropLimit,
  rows,
  released,
}: OptimisationReport): string {
  const row = (name: string, { bytes, buckets, textsPerSecond, accuracy, macroF1 }: typeof before) => ({
    release: name,
    MB: Number((bytes / 1e6).toFixed(3)),
    buckets: count(buckets),
    'texts/s': count(textsPerSecond),
    'accuracy %': Number((100 * accuracy).toFixed(2)),
    'macro-F1 %': Number((100 * macroF1).toFixed(2)),
  });
  const lost = `${drop.toFixed(2)} points lost on ${count(rows)} held-out rows (limit ${dropLimit})`;
  const outcome = released
    ? `${release} is written: ${lost}`
    : drop > dropLimit
      ? `${release} is not written: ${lost}. Drop fewer buckets with --sparsity, or raise --drop-limit`
      : `nothing is written, as asked: ${lost}`;
  return `${table([row(from, before), row(release, after)])}\n${outcome}.\n`;
}
