// `millrace freeze`: a person stops the loop for a task, or for all, and lets it go on.
import { randomUUID } from 'node:crypto';
import type { ModelStore } from '../../connectors/model-store.ts';
import type { TaskState } from '../../processors/experiments/task-state.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { whoDecides } from '../decision-by-hand.ts';
import { type Ledger, openLedger } from '../model-ledger.ts';
import { modelStoreOf } from '../models.ts';
import { servingRelease } from '../serving.ts';
import { table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine, whereOpen } from './command.ts';
import { unlessInterrupted } from './interruption.ts';

interface FreezeOptions {
  readonly reason: string;
  readonly off?: boolean;
  readonly all?: boolean;
  readonly json?: boolean;
}

export const freeze: Define = (program, context, action) => {
  program
    .command('freeze [task]')
    .description(
      'stop the loop for a task: nothing is requested, trained, tried or promoted; without a task: list',
    )
    .option('--reason <text>', 'why, for everyone who asks', '')
    .option('--off', 'let the loop go on')
    .option('--all', 'every task that streams answer')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
What serves goes on serving. An experiment under way stays where it is, and is rolled back if its candidate breaks a
guardrail. A person can promote and roll back all the same.

Examples:
  millrace freeze sentiment --reason "labels are being checked"
  millrace freeze --all --reason "election week"
  millrace freeze --off sentiment
  millrace freeze`,
    )
    .action(
      action((task: string | undefined, options: FreezeOptions) =>
        whereOpen(context, context.io, () => run(context, task, options)),
      ),
    );
};

async function run(
  context: CommandContext,
  task: string | undefined,
  options: FreezeOptions,
): Promise<number> {
  const { io, configuration } = context;
  const ledger = await openLedger(await context.stack());
  try {
    const tasks = options.all ? tasksOf(context, ledger) : task === undefined ? [] : [task];
    if (tasks.length === 0 && (options.off || options.reason !== '')) throw noTask();
    const store = modelStoreOf(configuration);
    for (const each of tasks) await unlessInterrupted(io, change(store, ledger, each, options));
    await print(context, ledger, options.json ?? false);
    return exitCodes.done;
  } finally {
    await ledger.close();
  }
}

const noTask = (): Misconfigured =>
  new Misconfigured('no task is named', {
    code: 'no-task',
    fix: 'Name one, as in “millrace freeze sentiment --reason …”, or add --all.',
  });

/** Tasks of the streams, and those that anything was decided about. */
function tasksOf(
  { configuration: { inference, routes } }: CommandContext,
  ledger: Ledger,
): readonly string[] {
  const named = [...inference.commentTasks, ...inference.promptTasks, ...routes.map(({ task }) => task)];
  return [...new Set([...named, ...ledger.states.map(({ task }) => task)])].sort();
}

/** Freezing what is frozen, and letting go what is not, changes nothing. */
async function change(
  store: ModelStore,
  ledger: Ledger,
  task: string,
  { off, reason }: FreezeOptions,
): Promise<void> {
  const state = ledger.state(task);
  if ((state.frozen === null) === (off ?? false)) return;
  await ledger.record({
    ...{ event: off ? 'thawed' : 'frozen', task, by: whoDecides(), evidence: {}, of: randomUUID() },
    release: await servingRelease(store, state),
    reason: reason || (off ? 'The loop may go on.' : 'By hand.'),
  });
}

async function print({ io }: CommandContext, { states }: Ledger, json: boolean): Promise<void> {
  const rows = states.filter((state): state is Frozen => state.frozen !== null).map(rowOf);
  if (json) await io.stdout.write(jsonLine(rows));
  else if (rows.length === 0) await io.stdout.write('No task is frozen.\n');
  else await io.stdout.write(table(rows));
}

type Frozen = TaskState & { readonly frozen: NonNullable<TaskState['frozen']> };

const rowOf = ({ task, frozen: { by, reason, at } }: Frozen) => ({
  ...{ task, frozen: new Date(at).toISOString(), by, reason },
});
