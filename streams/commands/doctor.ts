// `millrace doctor`: what this machine has, what answers, and what to do about the rest.
import { examineMachine } from '../doctor/doctor.ts';
import { table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';

export const doctor: Define = (program, context, action) => {
  program
    .command('doctor')
    .description('examine this machine: Node, processors, models, Kafka, ClickHouse, Redis, registry')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit code 4 when something that the configuration needs failed.\n\nExample:\n  KAFKA_BROKERS=127.0.0.1:9092 millrace doctor',
    )
    .action(action((options: { readonly json?: boolean }) => run(context, options.json ?? false)));
};

const marks = { ok: '✓', absent: '–', failed: '✗' } as const;

async function run({ io, configuration }: CommandContext, json: boolean): Promise<number> {
  const findings = await examineMachine(configuration);
  const rows = findings.map(({ name, status, detail, fix }) => ({
    '': marks[status],
    name,
    detail,
    'what to do': fix ?? '',
  }));
  await io.stdout.write(json ? jsonLine(findings) : table(rows));
  return findings.some(({ status }) => status === 'failed') ? exitCodes.unavailable : exitCodes.done;
}
