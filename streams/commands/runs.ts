// `millrace runs`: the training runs of this data directory, what they were told and what they reached.
import { join } from 'node:path';
import { findRun, type LoggedRun, listRuns } from '../../connectors/experiment-runs.ts';
import { table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';

interface ListOptions {
  readonly task?: string;
  readonly json?: boolean;
}

export const runs: Define = (program, context, action) => {
  const group = program
    .command('runs')
    .description('training runs: list and show')
    .addHelpText('after', '\nExamples:\n  millrace runs list --task toxicity\n  millrace runs show 4f6a1c');
  group
    .command('list')
    .description('every run of this data directory, the latest first')
    .option('--task <task>', 'of one task')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace runs list --json | jq ".[0].figures"')
    .action(action((options: ListOptions) => list(context, options)));
  group
    .command('show <id>')
    .description(
      'parameters, data, epochs and figures of a run; the beginning of its id, or the end, is enough',
    )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace runs show 4f6a1c --json | jq .parameters')
    .action(
      action((id: string, options: { readonly json?: boolean }) => show(context, id, options.json ?? false)),
    );
};

const directoryOf = ({ configuration }: CommandContext): string => join(configuration.dataDirectory, 'runs');

async function list(context: CommandContext, { task, json }: ListOptions): Promise<number> {
  const all = await listRuns(directoryOf(context));
  const found = all.filter((run) => task === undefined || run.task === task);
  const rows = found.map(({ id, task, trainer, status, seconds, release, figures, epochs }) => {
    const [figure, value] = Object.entries(figures ?? {}).find(([name]) => !name.endsWith('/samples')) ?? [];
    return {
      run: id,
      task,
      trainer,
      status,
      seconds,
      epochs: epochs.length,
      release: release ?? null,
      figure: figure ?? null,
      value: value ?? null,
    };
  });
  const { io } = context;
  if (json) await io.stdout.write(jsonLine(found));
  else if (rows.length === 0) await io.stderr.write(`no runs in ${directoryOf(context)}\n`);
  else await io.stdout.write(table(rows));
  return exitCodes.done;
}

async function show(context: CommandContext, id: string, json: boolean): Promise<number> {
  const run = await findRun(directoryOf(context), id);
  await context.io.stdout.write(json ? jsonLine(run) : print(run));
  return exitCodes.done;
}

function print(run: LoggedRun): string {
  const { parameters, data, epochs, figures, ...about } = run;
  const pairs = (values: object): string =>
    table(Object.entries(values).map(([name, value]) => ({ name, value: value ?? null })));
  const steps = epochs.map(({ step, metrics }) => ({ step, ...metrics }));
  const section = (title: string, text: string): string => `\n${title}\n${text}`;
  return [
    pairs(Object.fromEntries(Object.entries(about).filter(([, value]) => value !== undefined))),
    section('Parameters', pairs(parameters)),
    data.length > 0
      ? section('Data', table(data.map(({ name, rows, sha256 }) => ({ name, rows, sha256 }))))
      : '',
    steps.length > 0 ? section('Epochs', table(steps)) : '',
    figures !== undefined ? section('Figures', pairs(figures)) : '',
  ].join('');
}
