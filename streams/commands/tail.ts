// `millrace tail`: a topic's messages as they come, one JSON line each.
import { deadLetterOf } from '../../connectors/dead-letters.ts';
import type { PartitionRange, StoredRecord } from '../../connectors/log.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Stack } from '../stack.ts';
import { type CommandContext, type Define, exitCodes, jsonLine, topicNamed, whereOpen } from './command.ts';

interface TailOptions {
  readonly last: string;
  readonly fromBeginning?: boolean;
  readonly follow: boolean;
}

export const tail: Define = (program, context, action) => {
  program
    .command('tail <topic>')
    .description('print a topic’s messages as JSON lines, and follow it until Ctrl-C')
    .option('-n, --last <count>', 'begin with this many of the newest messages', '10')
    .option('--from-beginning', 'begin with the oldest message')
    .option('--no-follow', 'stop at the end of the topic')
    .option('--json', 'JSON lines (always)')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace tail scores\n  millrace tail dead-letters --from-beginning --no-follow | jq .reason',
    )
    .action(action((topic: string, options: TailOptions) => run(context, topic, options)));
};

async function run(context: CommandContext, topic: string, options: TailOptions): Promise<number> {
  const last = Number(options.last);
  if (!Number.isInteger(last) || last < 0)
    throw new Misconfigured(`--last ${options.last} is no whole number`, {
      code: 'bad-argument',
      fix: 'Try --last 10.',
    });
  const { name } = topicNamed(topic);
  return whereOpen(context, context.io, () => print(context, name, last, options));
}

async function print(
  { io, stack }: CommandContext,
  topic: string,
  last: number,
  options: TailOptions,
): Promise<number> {
  const open = await stack();
  const ranges = await open.log.ranges([topic]);
  if (!options.fromBeginning && last > 0) await io.stdout.write(await newest(open, topic, ranges, last));
  const from = offsets(ranges, ({ start, end }) => (options.fromBeginning ? start : end));
  const to = options.follow ? {} : { to: offsets(ranges, ({ end }) => end) };
  for await (const { partition, records } of open.log.read(topic, { from, ...to, signal: io.signal }))
    await io.stdout.write(await printRecords(open, topic, partition, records));
  return io.signal.aborted ? exitCodes.interrupted : exitCodes.done;
}

const offsets = (ranges: readonly PartitionRange[], offsetOf: (range: PartitionRange) => number) =>
  new Map(ranges.map((range) => [range.partition, offsetOf(range)]));

/** The last messages of all partitions together, by their time in the log, oldest first. */
async function newest(
  open: Stack,
  topic: string,
  ranges: readonly PartitionRange[],
  last: number,
): Promise<string> {
  const from = offsets(ranges, ({ start, end }) => Math.max(start, end - last));
  const to = offsets(ranges, ({ end }) => end);
  const found: { readonly partition: number; readonly record: StoredRecord }[] = [];
  for await (const { partition, records } of open.log.read(topic, { from, to }))
    for (const record of records) found.push({ partition, record });
  found.sort((a, b) => a.record.timestamp - b.record.timestamp);
  const lines: string[] = [];
  for (const { partition, record } of found.slice(-last))
    lines.push(await printRecords(open, topic, partition, [record]));
  return lines.join('');
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
