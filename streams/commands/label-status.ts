// `millrace label status`: labels by task and role, contradictions, what joins nothing, budgets, accuracy by release.
import type { Command } from 'commander';
import { type LabelStatus, readLabelStatus } from '../labels/status.ts';
import { table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';
import { numberBetween } from './data-places.ts';
import { unlessInterrupted } from './interruption.ts';
import { labellerOf } from './label-options.ts';

interface StatusOptions {
  readonly task?: string;
  readonly days: number;
  readonly labeller?: string;
  readonly json?: boolean;
}

const dayMs = 86_400_000;

export function defineLabelStatus(group: Command, context: CommandContext, action: Action): void {
  group
    .command('status')
    .description('labels by task and role, contradictions, budgets, accuracy by release')
    .option('--task <task>', 'this task alone')
    .option('--days <days>', 'messages of so many days', numberBetween(1 / 24, 3_650), 30)
    .option('--labeller <name>', 'whose budget; by default this user')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace label status\n  millrace label status --task toxicity --days 7 --json',
    )
    .action(
      action((options: StatusOptions) =>
        whereOpen(context, { argv: [...context.io.argv, '--labeller', labellerOf(options)] }, () =>
          status(context, options),
        ),
      ),
    );
}

async function status(context: CommandContext, options: StatusOptions): Promise<number> {
  const { io, stack } = context;
  const open = await stack();
  const since = open.now() - options.days * dayMs;
  const query = { task: options.task ?? null, labeller: labellerOf(options), since };
  const found = await unlessInterrupted(io, readLabelStatus(open, query));
  await io.stdout.write(options.json ? jsonLine(found) : print(found));
  return exitCodes.done;
}

function print({ labels, unmatched, accuracy, budgets }: LabelStatus): string {
  if (labels.length + unmatched.length === 0) return 'no labels\n';
  const rows = labels.map((row) => ({ ...row, newest: new Date(row.newest).toISOString() }));
  const right = accuracy.map((row) => ({ ...row, accuracy: row.correct / row.labelled }));
  return [
    table(rows),
    ...(right.length > 0 ? [table(right)] : []),
    table(budgets.map(({ task, used, left }) => ({ task, 'given today': used, 'left today': left }))),
    ...unmatched.map(
      ({ task, feedback }) => `${feedback} words about ${task} are about no message that was asked it\n`,
    ),
  ].join('\n');
}
