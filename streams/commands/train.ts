// `millrace train`: trains a task of the repository, or any task from a data set, and writes its release.
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError } from 'commander';
import { commitOf } from '../../connectors/code-commit.ts';
import { type ExperimentLog, openExperimentLog } from '../../connectors/experiment-log.ts';
import { isPublished, type ModelStore } from '../../connectors/model-store.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import { headline } from '../../trainers/evaluation/figure-text.ts';
import { optionsOf, tailored } from '../../trainers/options.ts';
import type { Task } from '../../trainers/task.ts';
import { tasks } from '../../trainers/tasks/tasks.ts';
import { type TrainingProgress, type TrainOptions, train as trainTask } from '../../trainers/train.ts';
import { type TrainerKind, trainers } from '../../trainers/trainers.ts';
import { modelStoreOf, storeFor } from '../models.ts';
import { bar, count, table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';
import { collect, kinds, oneOf, taskFor, versionText } from './training-task.ts';

interface Options {
  readonly on?: string;
  readonly kind?: TrainerKind;
  readonly set: readonly string[];
  readonly setVersion?: string;
  readonly accuracy?: number;
  readonly from?: string;
  readonly seed: number;
  readonly out?: string;
  readonly data?: string;
  readonly showOptions?: boolean;
  readonly json?: boolean;
}

const barColumns = 30;
const repository = fileURLToPath(new URL('../..', import.meta.url));
const kindsText = kinds.map((kind) => `  ${kind.padEnd(9)} ${trainers[kind].doc}`).join('\n');

export const train: Define = (program, context, action) => {
  program
    .command('train <task>')
    .description(
      `train a model and write its release. Tasks of the repository: ${tasks.map(({ task }) => task).join(', ')}; any other name with --on`,
    )
    .option('--on <set>', 'data set to learn from: its name, name@version, or a path')
    .option(
      '--kind <kind>',
      `kind of model (default: what suits the task): ${kinds.join(', ')}`,
      oneOf(kinds),
    )
    .option('--set <name=value>', 'option of the trainer, may be given several times', collect, [])
    .option(
      '--set-version <version>',
      'version of the release (default: the task’s, 1.0.0 with --on)',
      versionText,
    )
    .option(
      '--accuracy <share>',
      'share of the answers that should be right: sets the confidence to abstain below',
      shareText,
    )
    .option('--from <release>', 'go on from this release instead of from nothing')
    .option('--seed <number>', 'the same seed, data and code give the same bytes', wholeNumber, 1)
    .option('--out <directory>', 'models directory to write into (default: inference.modelsDirectory)')
    .option('--data <directory>', 'data that may be used to judge and not be passed on')
    .option('--show-options', 'list the options of the trainer, and train nothing')
    .option('--json', 'print the manifest')
    .addHelpText(
      'after',
      `\nKinds:\n${kindsText}\n\nExamples:\n  millrace train language\n  millrace train sentiment --set epochs=8 --set dropout=0.3 --set-version 2.1.0 --out /tmp/models\n  millrace train my-task --on reviews --kind linear\n  millrace train my-task --on ./rows.jsonl\n  millrace train toxicity --show-options`,
    )
    .action(action((name: string, options: Options) => run(context, name, options)));
};

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('It has to be a whole number from 0.');
  return value;
}

function shareText(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1))
    throw new InvalidArgumentError('It has to be a share between 0 and 1, such as 0.95.');
  return value;
}

async function run(context: CommandContext, name: string, options: Options): Promise<number> {
  const { task, split } = await taskFor(context, name, options);
  const { accuracy } = options;
  const wanted = accuracy === undefined ? task : { ...task, wantedAccuracy: accuracy };
  const chosen = tailored(wanted, options.kind, options.set);
  if (options.showOptions) return showOptions(context, chosen, options.json ?? false);
  const store = storeFor(context, options);
  await warnOfRelease(context, store, `${chosen.task}@${chosen.version}`);
  const release = await trainTask(chosen, await trainOptions(context, options, store, split));
  await store.publish(release);
  await report(context, release.manifest, options.json ?? false);
  return exitCodes.done;
}

/** Said before the work: a release never changes, and another training of it can only find the same bytes. */
async function warnOfRelease({ io }: CommandContext, store: ModelStore, name: string): Promise<void> {
  if (await isPublished(store, name))
    await io.stderr.write(
      `${name} is in ${store.address} already: other bytes will be refused. Give a new one its own --set-version.\n`,
    );
}

async function trainOptions(
  context: CommandContext,
  options: Options,
  store: ModelStore,
  split: TrainOptions['split'],
): Promise<TrainOptions> {
  const { io, configuration, workingDirectory } = context;
  const configured = modelStoreOf(configuration);
  return {
    seed: options.seed,
    stores: [store, configured],
    parent: options.from === undefined ? undefined : await configured.load(options.from),
    commit: await commitOf(repository),
    unshipped: options.data === undefined ? undefined : resolve(workingDirectory, options.data),
    log: experimentLogOf(context),
    signal: io.signal,
    onProgress: showProgress(context),
    split,
  };
}

/** Runs are noted in the data directory, and in MLflow where one is configured. */
function experimentLogOf({ io, configuration, workingDirectory }: CommandContext): ExperimentLog {
  const { trackingUri, ...mlflow } = configuration.mlflow;
  return openExperimentLog({
    directory: join(resolve(workingDirectory, configuration.dataDirectory), 'runs'),
    mlflow: trackingUri === null ? null : { trackingUri, ...mlflow },
    warn: (message) => void io.stderr.write(`${message}\n`),
  });
}

async function showOptions({ io }: CommandContext, { training }: Task, json: boolean): Promise<number> {
  const given: Readonly<Record<string, unknown>> = training.parameters;
  const rows = optionsOf(training.kind).map(({ name, type, doc, ...option }) => ({
    option: name,
    value: given[name] ?? option.default ?? null,
    type,
    meaning: doc,
  }));
  await io.stdout.write(json ? jsonLine({ kind: training.kind, options: rows }) : table(rows));
  return exitCodes.done;
}

async function report({ io }: CommandContext, manifest: ModelManifest, json: boolean): Promise<void> {
  if (io.columns) await io.stderr.write('\r\u001b[K');
  if (manifest.figures.length === 0 && !json)
    await io.stdout.write(`${manifest.release} is published; no held-out rows judge it\n`);
  await io.stdout.write(
    json
      ? jsonLine(manifest)
      : manifest.figures
          .map(
            (figures) =>
              `${manifest.release} on ${figures.set} (${count(figures.samples)} held out): ${headline(figures)}\n`,
          )
          .join(''),
  );
}

/** A bar on a terminal, a line for each new stage elsewhere. */
function showProgress({ io }: CommandContext): (progress: TrainingProgress) => void {
  let shown = '';
  return ({ stage, done, loss }) => {
    const line = `${stage.padEnd(12)} ${bar(done, barColumns).padEnd(barColumns)} ${loss === undefined ? '' : `loss ${loss.toFixed(4)}`}`;
    if (io.columns) void io.stderr.write(`\r${line}\u001b[K`);
    else if (stage !== shown) void io.stderr.write(`${stage}\n`);
    shown = stage;
  };
}
