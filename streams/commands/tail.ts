// `millrace tail`: a topic's messages as they come, one JSON line each.
import { deadLetterOf } from '../../connectors/dead-letters.ts';
import type { StoredRecord } from '../../connectors/log.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Stack } from '../stack.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';

interface TailOptions {
  readonly last: string;
  readonly fromBeginning?: boolean;
  readonly follow: boolean;
}

export const tail: Define = (program, context, action) => {
  program
    .command('tail <topic>')
    .description('print a topic’s messages as JSON lines, and follow it until Ctrl-C')
    .option('-n, --last <count>', 'begin with about this many of the newest messages', '10')
    .option('--from-beginning', 'begin with the oldest message')
    .option('--no-follow', 'stop at the end of the topic')
    .option('--json', 'JSON lines (always)')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace tail scores\n  millrace tail dead-letters --from-beginning --no-follow | jq .reason',
    )
    .action(action((topic: string, options: TailOptions) => run(context, topic, options)));
};

async function run({ io, stack }: CommandContext, topic: string, options: TailOptions): Promise<number> {
  const last = Number(options.last);
  if (!Number.isInteger(last) || last < 0)
    throw new Misconfigured(`--last ${options.last} is no whole number`, {
      code: 'bad-argument',
      fix: 'Try --last 10.',
    });
  const open = await stack();
  const ranges = (await open.log.ranges([topic])).filter((range) => range.topic === topic);
  if (ranges.length === 0)
    throw new Misconfigured(`there is no topic "${topic}"`, {
      code: 'unknown-topic',
      fix: 'See `millrace topics`.',
    });
  const share = Math.ceil(last / ranges.length);
  const from = new Map(
    ranges.map(({ partition, start, end }) => [
      partition,
      options.fromBeginning ? start : Math.max(start, end - share),
    ]),
  );
  const to = options.follow ? {} : { to: new Map(ranges.map(({ partition, end }) => [partition, end])) };
  for await (const { partition, records } of open.log.read(topic, { from, ...to, signal: io.signal }))
    await io.stdout.write(await printRecords(open, topic, partition, records));
  return io.signal.aborted ? exitCodes.interrupted : exitCodes.done;
}

/** Messages as JSON lines; a record that is none is shown as the dead letter it would become. */
async function printRecords(
  { wire }: Stack,
  topic: string,
  partition: number,
  records: readonly StoredRecord[],
): Promise<string> {
  await wire.prepare(topic, records);
  return records
    .map((record) => {
      const message = wire.decode(topic, partition, record);
      if (!(message instanceof Refusal)) return jsonLine(message);
      const { code, reason } = message;
      return jsonLine({ refused: deadLetterOf({ stage: 'tail', topic, partition, record, code, reason }) });
    })
    .join('');
}
