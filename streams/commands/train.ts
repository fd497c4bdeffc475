// `millrace train`: trains a task from the data in the repository and writes its release.
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { Misconfigured } from '../../schemas/errors.ts';
import { tasks } from '../../trainers/tasks/tasks.ts';
import { type TrainingProgress, train as trainTask } from '../../trainers/train.ts';
import { bar, count } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';

interface TrainOptions {
  readonly seed: number;
  readonly out?: string;
  readonly data?: string;
  readonly json?: boolean;
}

const barColumns = 30;

export const train: Define = (program, context, action) => {
  program
    .command('train <task>')
    .description(`train a model and write its release: ${tasks.map(({ task }) => task).join(', ')}`)
    .option('--seed <number>', 'the same seed, data and code give the same bytes', wholeNumber, 1)
    .option('--out <directory>', 'models directory to write into (default: inference.modelsDirectory)')
    .option('--data <directory>', 'data that may be used to judge and not be passed on')
    .option('--json', 'print the manifest')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace train language\n  millrace train sentiment --seed 7 --out /tmp/models',
    )
    .action(action((name: string, options: TrainOptions) => run(context, name, options)));
};

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('It has to be a whole number from 0.');
  return value;
}

async function run(context: CommandContext, name: string, options: TrainOptions): Promise<number> {
  const { io, configuration, workingDirectory } = context;
  const task = tasks.find((known) => known.task === name);
  if (!task)
    throw new Misconfigured(`there is no task "${name}"`, {
      code: 'unknown-task',
      fix: `Choose from ${tasks.map((known) => known.task).join(', ')}.`,
    });
  const manifest = await trainTask(task, {
    seed: options.seed,
    out: resolve(workingDirectory, options.out ?? configuration.inference.modelsDirectory),
    unshipped: options.data === undefined ? undefined : resolve(workingDirectory, options.data),
    signal: io.signal,
    onProgress: showProgress(context),
  });
  if (io.columns) await io.stderr.write('\r\u001b[K');
  await io.stdout.write(
    options.json
      ? jsonLine(manifest)
      : manifest.figures
          .map(({ set, samples, accuracy, macroF1 }) => {
            const [share, f1] = [accuracy, macroF1].map((value) => (100 * value).toFixed(1));
            return `${manifest.release} on ${set} (${count(samples)} held out): accuracy ${share} %, macro-F1 ${f1}\n`;
          })
          .join(''),
  );
  return exitCodes.done;
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
