// `millrace publish`: lines of a file or of standard input become records of a topic, each checked first.
import { isUtf8 } from 'node:buffer';
import { Option } from 'commander';
import type { Topic } from '../../schemas/topic.ts';
import { readLineGroups } from '../lines.ts';
import { count } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine, topicNamed, whereOpen } from './command.ts';
import { readCsv } from './csv.ts';
import { emptyInput, lineBytesMax, openInput, untilAborted } from './input.ts';
import { type Line, Publication } from './publication.ts';

const rowsAtOnce = 500;

interface PublishOptions {
  readonly format?: string;
  readonly json?: boolean;
}

export const publish: Define = (program, context, action) => {
  program
    .command('publish <topic> [file]')
    .description('publish lines to a topic; `-` or no file reads standard input')
    .addOption(
      new Option(
        '--format <format>',
        'jsonl, csv (first line names the fields) or text (a line is a text); by default csv for files called so, else jsonl',
      ).choices(['jsonl', 'csv', 'text']),
    )
    .option('--json', 'print the counts as JSON')
    .addHelpText(
      'after',
      `
A line without an id gets one from its place in the log. Lines that are no message of the topic are rejected, with
their number and the reason on standard error; all others are published; empty ones are passed over. Exit code 3 when
any was rejected.

Examples:
  millrace publish comments comments.jsonl
  millrace publish prompts prompts.csv
  zcat comments.jsonl.gz | millrace publish comments
  echo "what a lovely day" | millrace publish comments --format text`,
    )
    .action(
      action((topic: string, file: string | undefined, options: PublishOptions) =>
        run(context, topic, file, options),
      ),
    );
};

async function run(
  context: CommandContext,
  name: string,
  file: string | undefined,
  { format = /\.csv$/i.test(file ?? '') ? 'csv' : 'jsonl', json = false }: PublishOptions,
): Promise<number> {
  const topic = topicNamed(name);
  const input = await openInput(context.io, file, context.workingDirectory);
  // The file is read here, where the user is; the process that has the system open gets its lines.
  const argv = ['publish', name, '-', '--format', format, ...(json ? ['--json'] : [])];
  return whereOpen(context, { argv, stdin: input }, () =>
    publishAll(context, topic, { input, format, json }),
  );
}

async function publishAll(
  context: CommandContext,
  topic: Topic,
  {
    input,
    format,
    json,
  }: { readonly input: AsyncIterable<Buffer>; readonly format: string; readonly json: boolean },
): Promise<number> {
  const { io } = context;
  const publication = new Publication(io, await context.stack(), topic);
  let failure: unknown = null;
  try {
    for await (const lines of readMessages(untilAborted(input, io.signal), format, topic))
      await publication.add(lines);
  } catch (error) {
    failure = error;
  }
  const { accepted, rejected } = publication;
  if (failure === null && accepted + rejected === 0)
    throw emptyInput(
      'Give it lines, such as: echo \'{"text":"what a lovely day"}\' | millrace publish comments',
    );
  if (accepted + rejected > 0) await showCounts(context, { topic: topic.name, accepted, rejected }, json);
  if (failure !== null) throw failure;
  return rejected > 0 ? exitCodes.partly : exitCodes.done;
}

async function showCounts(
  { io }: CommandContext,
  counts: { readonly topic: string; readonly accepted: number; readonly rejected: number },
  json: boolean,
): Promise<void> {
  if (io.columns) await io.stderr.write('\r\u001b[K');
  const { accepted, rejected } = counts;
  await io.stdout.write(
    json ? jsonLine(counts) : `${count(accepted)} accepted, ${count(rejected)} rejected\n`,
  );
}

/** Lines in groups, as they come. */
async function* readMessages(
  source: AsyncIterable<Buffer>,
  format: string,
  topic: Topic,
): AsyncGenerator<readonly Line[], void, void> {
  if (format === 'csv') {
    yield* inGroups(readCsv(source, topic));
    return;
  }
  let number = 0;
  for await (const group of readLineGroups(source, lineBytesMax)) {
    const first = number + 1;
    number += group.length;
    yield group
      .map((line, index) => ({ number: first + index, value: format === 'text' ? textMessage(line) : line }))
      .filter((_, index) => !isBlank(group[index]!));
  }
}

async function* inGroups(rows: AsyncIterable<Line>): AsyncGenerator<readonly Line[], void, void> {
  let group: Line[] = [];
  for await (const row of rows) {
    group.push(row);
    if (group.length < rowsAtOnce) continue;
    yield group;
    group = [];
  }
  yield group;
}

/** A text as a message. What is not UTF-8 stays as it is, to be rejected for that. */
const textMessage = (line: Buffer): Buffer =>
  isUtf8(line) ? Buffer.from(JSON.stringify({ text: line.toString('utf8') })) : line;

const isBlank = (line: Buffer): boolean => line.every((byte) => byte <= 32 && byte !== 0);
