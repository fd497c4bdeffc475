// `millrace label add`: one label, or one score, for one message.
import { type Command, InvalidArgumentError } from 'commander';
import { Misconfigured } from '../../schemas/errors.ts';
import { readBudget } from '../labels/budget.ts';
import { findMessages } from '../labels/messages.ts';
import { labelsOf } from '../labels/next.ts';
import { publishWords } from '../labels/words.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';
import { assertWithinBudget, type LabellerOptions, labellerOf, withLabeller } from './label-options.ts';

interface AddOptions extends LabellerOptions {
  readonly label?: string;
  readonly value?: number;
}

export function defineLabelAdd(group: Command, context: CommandContext, action: Action): void {
  withLabeller(group.command('add <message>'))
    .description('say what the answer about a message should have been')
    .option('--label <label>', 'the right label')
    .option('--value <points>', 'the right score, 0 to 100', points)
    .option('--over-budget', 'also when today’s labels are given')
    .addHelpText(
      'after',
      `
The message is one that was answered; its id is that of the comment or prompt. A later label of the same role replaces it.
Exit code 2 when there is no such message, task or label, or when today’s labels are given.

Examples:
  millrace label add c-1 --task toxicity --label toxic
  millrace label add p-7 --task prompt-quality --value 70 --by user`,
    )
    .action(
      action((message: string, options: AddOptions) =>
        whereOpen(context, { argv: [...context.io.argv, '--labeller', labellerOf(options)] }, () =>
          add(context, message, options),
        ),
      ),
    );
}

function points(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 100) return value;
  throw new InvalidArgumentError('A score is a number from 0 to 100.');
}

async function add(context: CommandContext, messageId: string, options: AddOptions): Promise<number> {
  const { task, by, label = null, value = null } = options;
  const { io, configuration } = context;
  const labeller = labellerOf(options);
  if ((label === null) === (value === null))
    throw new Misconfigured('give either a label or a value', {
      code: 'label-missing',
      fix: 'Add --label toxic, or --value 70.',
    });
  if (label !== null) assertKnown(label, await labelsOf(configuration, task), task);
  const stack = await context.stack();
  const now = stack.now();
  const { perDayMax } = configuration.labels;
  const budget = await readBudget(stack.clickhouse, { task, labeller, perDay: perDayMax, now });
  assertWithinBudget(budget, options);
  const tenant = (await findMessages(stack.clickhouse, task, [messageId])).get(messageId);
  if (tenant === undefined) throw unknownMessage(messageId, task);
  const word = { task, messageId, label, value, by, labeller, tenant, occasion: String(now) };
  await publishWords(stack, [word]);
  const left = Math.max(0, budget.left - 1);
  await io.stdout.write(
    options.json
      ? jsonLine({ task, messageId, label, value, by, left })
      : `${messageId} is ${label ?? value} by a ${by}; ${left} labels of ${task} are left today\n`,
  );
  return exitCodes.done;
}

/** Throws `Misconfigured` for a label that the task does not have. */
function assertKnown(label: string, labels: readonly string[], task: string): void {
  if (labels.includes(label)) return;
  throw new Misconfigured(`${task} does not know the label “${label}”`, {
    code: 'unknown-label',
    fix: `Labels are ${labels.slice(0, 20).join(', ')}${labels.length > 20 ? ', …' : ''}.`,
  });
}

const unknownMessage = (messageId: string, task: string): Misconfigured =>
  new Misconfigured(`no message “${messageId}” was answered for ${task}`, {
    code: 'unknown-message',
    fix: 'Name the id of a comment or prompt that was analysed; it is stored a second or so later.',
  });
