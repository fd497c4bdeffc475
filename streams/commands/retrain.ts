// `millrace retrain`: asks for a new model by hand, and shows the requests and how far their training is.
import { Misconfigured } from '../../schemas/errors.ts';
import { whoDecides } from '../decision-by-hand.ts';
import type { Ledger } from '../model-ledger.ts';
import type { Stack } from '../stack.ts';
import { bar } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine, whereOpen } from './command.ts';
import { defineRetrainCancel } from './retrain-cancel.ts';
import { defineRetrainViews } from './retrain-views.ts';

interface AskOptions {
  readonly reason: string;
  readonly trainNow?: boolean;
  readonly json?: boolean;
}

export const retrain: Define = (program, context, action) => {
  const group = program
    .command('retrain')
    .description('ask for a new model of a task; list requests and show their progress')
    .argument('[task]', 'the task to be trained anew')
    .option('--reason <text>', 'why, for the history', 'asked for by hand')
    .option('--train-now', 'train here and now instead of leaving it to a trainer')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
A trainer whose retraining.tasks hold the task answers the request; until then it is open. It is refused while another
request, a candidate or an experiment of the task is under way, and while the task is frozen.

Examples:
  millrace retrain sentiment --reason "new slang since the summer"
  millrace retrain sentiment --train-now
  millrace retrain list
  millrace retrain status sentiment --json
  millrace retrain cancel sentiment --reason "the labels are wrong"`,
    )
    .action(
      action((task: string | undefined, options: AskOptions) =>
        whereOpen(context, context.io, () => run(context, task, options)),
      ),
    );
  defineRetrainViews(group, context, action);
  defineRetrainCancel(group, context, action);
};

async function run(context: CommandContext, task: string | undefined, options: AskOptions): Promise<number> {
  if (task === undefined)
    throw new Misconfigured('no task is named', {
      code: 'no-task',
      fix: 'Name the task to be trained anew, as in “millrace retrain sentiment”, or see “millrace retrain list”.',
    });
  const { io } = context;
  const stack = await context.stack();
  const { openLedger } = await import('../model-ledger.ts');
  const ledger = await openLedger(stack);
  try {
    const request = await ask(stack, ledger, task, options);
    if (!options.trainNow) {
      await io.stdout.write(
        options.json
          ? jsonLine({ task, request, state: 'open' })
          : `${task}: request ${request} is open. ${whoAnswers(stack, task)}\n`,
      );
      return exitCodes.done;
    }
    return await trainHere(context, stack, ledger, task, options.json ?? false);
  } finally {
    await ledger.close();
  }
}

/** The id of the new request; with --train-now also of one that is open already. Throws `Misconfigured` where none may be. */
async function ask(
  stack: Stack,
  ledger: Ledger,
  task: string,
  { reason, trainNow }: AskOptions,
): Promise<string> {
  const { modelStoreOf } = await import('../models.ts');
  const { servingRelease } = await import('../serving.ts');
  const state = ledger.state(task);
  if (trainNow && state.retraining !== null && state.frozen === null && state.candidate === null)
    return state.retraining.request;
  const by = whoDecides();
  const { event, counted } = await ledger.record({
    event: 'retraining-requested',
    task,
    release: await servingRelease(modelStoreOf(stack.configuration), state),
    reason,
    evidence: { cause: 'by-hand' },
    by,
    of: `by-hand/${by}/${stack.now()}`,
  });
  if (counted) return event.id;
  throw refusal(ledger, task);
}

function refusal(ledger: Ledger, task: string): Misconfigured {
  const { frozen, retraining, candidate, experiments } = ledger.state(task);
  const [what, fix] = frozen
    ? [`it is frozen by ${frozen.by}: ${frozen.reason}`, `Thaw it with “millrace freeze ${task} --off”.`]
    : retraining
      ? [`the request ${retraining.request} is open`, `See “millrace retrain status ${task}”.`]
      : [
          `${experiments[0]?.treatment ?? candidate?.release ?? 'a candidate'} is being tried`,
          `See “millrace experiment status ${task}”.`,
        ];
  return new Misconfigured(`${task} cannot be trained anew now: ${what}`, {
    code: 'retraining-refused',
    fix,
  });
}

const whoAnswers = ({ configuration }: Stack, task: string): string =>
  configuration.retraining.tasks.includes(task)
    ? 'A running trainer answers it.'
    : `A trainer answers it whose retraining.tasks hold ${task}, or “millrace retrain ${task} --train-now”.`;

async function trainHere(
  { io }: CommandContext,
  stack: Stack,
  ledger: Ledger,
  task: string,
  json: boolean,
): Promise<number> {
  const { answerRequest } = await import('../retraining/answer.ts');
  const asked = ledger.state(task).retraining;
  if (asked === null) throw refusal(ledger, task);
  let shown = '';
  const { event } = await answerRequest(stack, ledger, task, asked, {
    signal: io.signal,
    onProgress: ({ stage, done, variant }) => {
      const title = `${stage} ${variant ?? ''}`.trim();
      if (io.columns) void io.stderr.write(`\r${title.padEnd(22)} ${bar(done, barColumns)}\u001b[K`);
      else if (title !== shown) void io.stderr.write(`${title}\n`);
      shown = title;
    },
  });
  if (io.columns) await io.stderr.write('\r\u001b[K');
  const { event: what, release, reason, evidence, request } = event;
  await io.stdout.write(
    json
      ? jsonLine({ task, request, event: what, release, reason, evidence })
      : what === 'candidate-trained'
        ? `${release} passed the gate: ${reason}\n`
        : `${task} stays as it is: ${reason}\n`,
  );
  return exitCodes.done;
}

const barColumns = 24;
