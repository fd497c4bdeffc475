// `millrace label next`: the messages whose labels teach most, for programs, or one by one at a terminal.
import type { Command } from 'commander';
import type { LabelsAnswer } from '../../schemas/requests.ts';
import { nextToLabel } from '../labels/next.ts';
import { publishWords } from '../labels/words.ts';
import { count, table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';
import { numberBetween } from './data-places.ts';
import { assertWithinBudget, type LabellerOptions, labellerOf, withLabeller } from './label-options.ts';
import { LabelSession } from './label-session.ts';

interface NextOptions extends LabellerOptions {
  readonly count: number;
}

export function defineLabelNext(group: Command, context: CommandContext, action: Action): void {
  withLabeller(group.command('next'))
    .description('the unlabelled messages whose labels teach most; at a terminal, label them one by one')
    .option('-n, --count <count>', 'how many', numberBetween(1, 100, true), 10)
    .option('--over-budget', 'also when today’s labels are given')
    .addHelpText(
      'after',
      `
Chosen among recent messages by uncertainty, disagreement of releases, drift and diversity; nobody else gets them for ten
minutes. At a terminal a key and Enter labels, s skips, u undoes, q quits. What the model says is not shown.
Exit code 2 when today’s labels are given.

Examples:
  millrace label next --task toxicity
  millrace label next --task toxicity --count 50 --json | jq -r '.items[] | [.messageId, .text] | @tsv'`,
    )
    .action(
      action((options: NextOptions) =>
        whereOpen(
          context,
          { ...context.io, argv: [...context.io.argv, '--labeller', labellerOf(options)] },
          () => next(context, options),
        ),
      ),
    );
}

async function next(context: CommandContext, options: NextOptions): Promise<number> {
  const { io } = context;
  const ask = await asking(context, options);
  const isSession = io.isTTY === true && io.stdinIsUsed === false && options.json !== true;
  if (isSession) return label(context, options, ask);
  const answer = await ask([]);
  const { items, budget } = answer;
  await io.stdout.write(options.json ? jsonLine(answer) : table(items.map(rowOf)));
  if (!options.json)
    await io.stderr.write(`${count(budget.left)} labels of ${options.task} are left today\n`);
  return exitCodes.done;
}

type Ask = (skip: readonly string[]) => Promise<LabelsAnswer>;

/** Asks for the next messages; the first time it throws when none of today’s labels is left. */
async function asking(context: CommandContext, options: NextOptions): Promise<Ask> {
  const stack = await context.stack();
  const { task, overBudget = false } = options;
  const wish = { task, count: options.count, labeller: labellerOf(options), tenant: null, overBudget };
  let isFirst = true;
  return async (skip) => {
    const answer = await nextToLabel(stack, { ...wish, skip });
    if (isFirst) assertWithinBudget(answer.budget, options);
    isFirst = false;
    return answer;
  };
}

async function label(context: CommandContext, options: NextOptions, ask: Ask): Promise<number> {
  const { io } = context;
  const stack = await context.stack();
  const { task, by } = options;
  const labeller = labellerOf(options);
  const session = new LabelSession(io, {
    next: ask,
    publish: ({ messageId, tenant }, said) =>
      publishWords(stack, [
        { task, messageId, label: said, value: null, by, labeller, tenant, occasion: String(stack.now()) },
      ]),
  });
  const { labelled, skipped } = await session.run();
  await io.stdout.write(`\n${count(labelled)} labelled, ${count(skipped)} skipped\n`);
  return exitCodes.done;
}

const rowOf = ({ messageId, reasons, value, text }: LabelsAnswer['items'][number]) => ({
  messageId,
  value,
  why: reasons.join(' '),
  text,
});
