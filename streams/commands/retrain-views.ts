// `millrace retrain list|status`: open requests, and how far the trainings of this data directory are.
import type { Command } from 'commander';
import { bar, table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';

interface ViewOptions {
  readonly json?: boolean;
}

export function defineRetrainViews(group: Command, context: CommandContext, action: Action): void {
  group
    .command('list')
    .description('open requests of all tasks, with cause and evidence')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace retrain list --json | jq ".[].cause"')
    // `--json` may stand before the name of the view, where the group takes it.
    .action(action((_: ViewOptions, command: Command) => list(context, command.optsWithGlobals())));
  group
    .command('status [task]')
    .description('requests worked on in this data directory, of one task or of all: stage, figures, outcome')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace retrain status\n  millrace retrain status sentiment --json',
    )
    .action(
      action((task: string | undefined, _: ViewOptions, command: Command) =>
        status(context, task, command.optsWithGlobals()),
      ),
    );
}

const list = (context: CommandContext, { json }: ViewOptions): Promise<number> =>
  whereOpen(context, context.io, async () => {
    const { io } = context;
    const stack = await context.stack();
    const { openLedger } = await import('../model-ledger.ts');
    const ledger = await openLedger(stack);
    const open = ledger.states.flatMap(({ task, retraining, frozen }) =>
      retraining === null
        ? []
        : [
            {
              task,
              request: retraining.request,
              release: retraining.release,
              cause: retraining.cause,
              asked: new Date(retraining.requestedAt).toISOString(),
              state: frozen ? 'frozen' : retraining.startedAt === null ? 'open' : 'training',
              trainer: stack.configuration.retraining.tasks.includes(task) ? 'here' : 'none here',
              reason: retraining.reason,
              evidence: retraining.evidence,
            },
          ],
    );
    await ledger.close();
    if (json) await io.stdout.write(jsonLine(open));
    else if (open.length === 0) await io.stderr.write('no request is open\n');
    else await io.stdout.write(table(open.map(({ evidence: _, ...shown }) => shown)));
    return exitCodes.done;
  });

/** Reads files of the data directory and nothing else, whoever has it open. */
async function status(
  { io, configuration }: CommandContext,
  task: string | undefined,
  { json }: ViewOptions,
): Promise<number> {
  const { folderOf, workedOn } = await import('../retraining/folders.ts');
  const requests = [];
  for (const { task: of, request } of await workedOn(configuration, task)) {
    const folder = folderOf(configuration, of, request);
    const [plan, progress, judgement] = await Promise.all([
      folder.plan(),
      folder.progress(),
      folder.judgement(),
    ]);
    requests.push({ task: of, request, plan, progress, judgement });
  }
  const rows = requests.map(({ task: of, request, plan, progress, judgement }) => ({
    task: of,
    request: request.slice(0, 12),
    champion: plan?.champion ?? null,
    labelled: plan?.rows ?? null,
    stage: progress?.stage ?? 'collecting',
    done: progress === null || progress.stage === 'done' ? '' : bar(progress.done, 10),
    variant: judgement?.passed ?? progress?.variant ?? null,
    'error before': judgement?.trials[0]?.recent.champion ?? null,
    'error after': bestOf(judgement?.trials.map(({ recent }) => recent.candidate) ?? []),
    outcome: judgement === null ? null : judgement.passed === null ? `declined: ${judgement.why}` : 'passed',
  }));
  if (json) await io.stdout.write(jsonLine(requests));
  else if (rows.length === 0) await io.stderr.write('nothing was trained for a request here yet\n');
  else await io.stdout.write(table(rows));
  return exitCodes.done;
}

const bestOf = (errors: readonly number[]): number | null =>
  errors.length === 0 ? null : Math.min(...errors);
