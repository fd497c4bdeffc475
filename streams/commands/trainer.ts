// `millrace trainer`: runs the trainer alone until stopped.
import { once } from 'node:events';
import { type CommandContext, type Define, exitCodes, jsonLine, whereOpen } from './command.ts';

export const trainer: Define = (program, context, action) => {
  program
    .command('trainer')
    .description('run the trainer alone until Ctrl-C or SIGTERM: it asks for retraining and answers requests')
    .option('--json', 'print one JSON object when it runs; logs go to standard error in any case')
    .addHelpText(
      'after',
      `
It answers the requests of the tasks in retraining.tasks; “millrace retrain list” shows those of all. A training that is
stopped goes on where it was when the trainer runs again.

Examples:
  MILLRACE_RETRAINING_TASKS=sentiment millrace trainer
  KAFKA_BROKERS=127.0.0.1:9092 CLICKHOUSE_URL=http://127.0.0.1:8123 MILLRACE_RETRAINING_TASKS=sentiment,toxicity millrace trainer`,
    )
    .action(
      action((options: { readonly json?: boolean }) =>
        whereOpen(context, context.io, () => run(context, options.json ?? false)),
      ),
    );
};

async function run({ io, stack: open }: CommandContext, json: boolean): Promise<number> {
  const stack = await open();
  const { openLedger } = await import('../model-ledger.ts');
  const { startTrainer } = await import('../retraining/trainer.ts');
  const ledger = await openLedger(stack);
  const stop = await startTrainer(stack, ledger);
  try {
    const { tasks } = stack.configuration.retraining;
    stack.logger.info({ tasks }, 'the trainer runs; Ctrl-C stops');
    if (json) await io.stdout.write(jsonLine({ trainer: 'running', tasks }));
    if (!io.signal.aborted) await once(io.signal, 'abort');
    stack.logger.info('stopping; what is under way goes on when the trainer runs again');
  } finally {
    await stop();
    await ledger.close();
  }
  return exitCodes.done;
}
