// `millrace retrain cancel`: a person closes an open request; a training for it stops.
import type { Command } from 'commander';
import { Misconfigured } from '../../schemas/errors.ts';
import { whoDecides } from '../decision-by-hand.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';

interface CancelOptions {
  readonly reason: string;
  readonly json?: boolean;
}

export function defineRetrainCancel(group: Command, context: CommandContext, action: Action): void {
  group
    .command('cancel <task>')
    .description('close the open request of a task; a training for it stops')
    // The group has options of the same names, and takes them wherever they stand.
    .option('--reason <text>', 'why, for the history', 'cancelled by hand')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace retrain cancel sentiment --reason "the labels are wrong"')
    .action(
      action((task: string, _: CancelOptions, command: Command) =>
        whereOpen(context, context.io, () => cancel(context, task, optionsOf(group, command))),
      ),
    );
}

const optionsOf = (group: Command, command: Command): CancelOptions => ({
  ...command.opts<CancelOptions>(),
  ...(group.getOptionValueSource('reason') === 'cli' ? { reason: group.opts<CancelOptions>().reason } : {}),
  json: command.optsWithGlobals<CancelOptions>().json ?? false,
});

async function cancel(
  context: CommandContext,
  task: string,
  { reason, json }: CancelOptions,
): Promise<number> {
  const stack = await context.stack();
  const { openLedger } = await import('../model-ledger.ts');
  const ledger = await openLedger(stack);
  try {
    const { retraining, frozen } = ledger.state(task);
    if (retraining === null) throw nothingOpen(task);
    if (frozen !== null)
      throw new Misconfigured(`${task} is frozen by ${frozen.by}: ${frozen.reason}`, {
        code: 'task-frozen',
        fix: `Thaw it with “millrace freeze ${task} --off”; nothing is trained until then.`,
      });
    const { request, release, cause } = retraining;
    const { counted } = await ledger.record({
      ...{ event: 'training-declined', task, release, request, reason, by: whoDecides() },
      evidence: { cause, code: 'cancelled' },
      of: `${request}/by-hand/${stack.now()}`,
    });
    if (!counted) throw nothingOpen(task);
    await context.io.stdout.write(
      json ? jsonLine({ task, request, state: 'cancelled' }) : `${task}: request ${request} is cancelled\n`,
    );
    return exitCodes.done;
  } finally {
    await ledger.close();
  }
}

const nothingOpen = (task: string): Misconfigured =>
  new Misconfigured(`no request of ${task} is open`, {
    code: 'no-request',
    fix: 'See “millrace retrain list”.',
  });
