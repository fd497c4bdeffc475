// `millrace experiment stop`: a person ends a trial, one of several, or all.
import { type Command, Option } from 'commander';
import type { Experiment } from '../../processors/experiments/task-state.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { whoDecides } from '../decision-by-hand.ts';
import type { Ledger } from '../model-ledger.ts';
import { type Action, type CommandContext, exitCodes, jsonLine } from './command.ts';
import { assertCounted, withLedger } from './experiment-ledger.ts';

interface StopOptions {
  readonly reason: string;
  readonly treatment?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

export function defineStop(group: Command, context: CommandContext, action: Action): void {
  group
    .command('stop <task>')
    .description('end an experiment: its candidate is rolled back, the control stays')
    .requiredOption('--reason <text>', 'why')
    .option('--treatment <release>', 'which one, where several are under way: its candidate, task@version')
    .addOption(new Option('--all', 'every experiment of the task').conflicts('treatment'))
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  millrace experiment stop sentiment --reason "complaints about sarcasm"
  millrace experiment stop sentiment --treatment sentiment@2.2.0 --reason "too many abstentions"
  millrace experiment stop sentiment --all --reason "labels are being checked"`,
    )
    .action(
      action((task: string, options: StopOptions) =>
        withLedger(context, (ledger) => stop(context, ledger, task, options)),
      ),
    );
}

async function stop(
  { io }: CommandContext,
  ledger: Ledger,
  task: string,
  options: StopOptions,
): Promise<number> {
  const stopped: Experiment[] = [];
  const chosen = chosenOf(ledger.state(task).experiments, task, options);
  for (const experiment of chosen)
    if (await rollBack(ledger, task, experiment, options.reason)) stopped.push(experiment);
  // Of several, one that was decided about meanwhile keeps none of the others from its end.
  assertCounted(stopped.length === chosen.length, task);
  const told = stopped.map(({ id, control, treatment }) => ({ experiment: id, task, control, treatment }));
  const { experiments } = ledger.state(task);
  const others = experiments.map(({ treatment }) => treatment).join(', ');
  const serves =
    others === '' ? `${stopped[0]!.control} serves all of ${task}` : `${others} on trial for ${task} still`;
  if (options.json) await io.stdout.write(jsonLine(options.all ? told : told[0]!));
  else
    await io.stdout.write(told.map(({ treatment }) => `${treatment} is rolled back; ${serves}\n`).join(''));
  return exitCodes.done;
}

/** The experiments to be ended. Throws `Misconfigured` where there is none, or it is not said which. */
function chosenOf(
  experiments: readonly Experiment[],
  task: string,
  { treatment, all = false }: StopOptions,
): readonly Experiment[] {
  const open = experiments.map((each) => each.treatment).join(', ');
  if (experiments.length === 0)
    throw new Misconfigured(`no experiment is under way on ${task}`, {
      code: 'no-experiment',
      fix: 'See “millrace experiment list”.',
    });
  if (treatment !== undefined) {
    const found = experiments.filter((each) => each.treatment === treatment);
    if (found.length > 0) return found;
    throw new Misconfigured(`${treatment} is not on trial for ${task}; under way: ${open}`, {
      code: 'no-experiment',
      fix: 'Name one of these with --treatment.',
    });
  }
  if (all || experiments.length === 1) return experiments;
  throw new Misconfigured(`several experiments are under way on ${task}: ${open}`, {
    code: 'several-experiments',
    fix: 'Name one with --treatment, or end all with --all.',
  });
}

/** Resolves to whether that counted. */
async function rollBack(
  ledger: Ledger,
  task: string,
  { id, treatment, request }: Experiment,
  reason: string,
): Promise<boolean> {
  const { counted } = await ledger.record({
    ...{ event: 'rolled-back', task, release: treatment, request, experiment: id, by: whoDecides(), of: id },
    reason,
    evidence: { decision: 'KEEP_CONTROL', stopped: 'by hand' },
  });
  return counted;
}
