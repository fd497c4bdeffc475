// `millrace experiment list`: what was tried, and how it ended.
import type { Command } from 'commander';
import { historyOf } from '../experiments/history.ts';
import { table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';
import { unlessInterrupted } from './interruption.ts';

interface Options {
  readonly json?: boolean;
}

export function defineList(group: Command, context: CommandContext, action: Action): void {
  group
    .command('list [task]')
    .description('all experiments, the newest first: what was tried, how it ended and why')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace experiment list --json | jq ".[] | [.treatment, .outcome]"')
    .action(
      action((task: string | undefined, options: Options) =>
        whereOpen(context, context.io, () => list(context, task, options.json ?? false)),
      ),
    );
}

async function list({ io, stack }: CommandContext, task: string | undefined, json: boolean): Promise<number> {
  const all = await unlessInterrupted(io, historyOf(await stack()));
  const rows = all.filter((each) => task === undefined || each.task === task);
  if (json) await io.stdout.write(jsonLine(rows));
  else await io.stdout.write(rows.length === 0 ? 'There has been no experiment.\n' : table(rows));
  return exitCodes.done;
}
