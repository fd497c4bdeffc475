// `millrace publish`: lines of a file or of standard input become records of a topic, each checked first.
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parse } from 'csv-parse';
import type { LogRecord } from '../../connectors/log.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Topic } from '../../schemas/topic.ts';
import { topics } from '../../schemas/topics.ts';
import { readLines } from '../lines.ts';
import { retry } from '../retry.ts';
import type { Stack } from '../stack.ts';
import { count } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';

const batchRecords = 500;
const lineBytesMax = 16_777_216;
const shownRejectionsMax = 20;

interface PublishOptions {
  readonly format?: 'jsonl' | 'csv' | 'text';
  readonly json?: boolean;
}

export const publish: Define = (program, context, action) => {
  program
    .command('publish <topic> [file]')
    .description('publish lines to a topic; `-` or no file reads standard input')
    .option(
      '--format <format>',
      'jsonl, csv (first line names the fields) or text (a line is a text); by default from the file name',
    )
    .option('--json', 'print the counts as JSON')
    .addHelpText(
      'after',
      `
A line without an id gets one from its place in the log. Lines that are no message of the topic are rejected, with
their number and the reason on standard error; all others are published. Exit code 3 when any was rejected.

Examples:
  millrace publish comments comments.jsonl
  millrace publish prompts prompts.csv
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
  options: PublishOptions,
): Promise<number> {
  const topic = topics.find((candidate) => candidate.name === name);
  if (!topic)
    throw new Misconfigured(`there is no topic "${name}"`, {
      code: 'unknown-topic',
      fix: `Topics are ${topics.map((known) => known.name).join(', ')}.`,
    });
  const source =
    file === undefined || file === '-'
      ? context.io.stdin
      : createReadStream(resolve(context.workingDirectory, file));
  const format = options.format ?? (file?.endsWith('.csv') ? 'csv' : 'jsonl');
  const publication = new Publication(context, await context.stack(), topic, options.json ?? false);
  for await (const line of readMessages(source, format, topic)) {
    if (context.io.signal.aborted) break;
    await publication.add(line);
  }
  return publication.finish();
}

interface Line {
  readonly number: number;
  readonly value: Buffer;
}

async function* readMessages(
  source: AsyncIterable<Buffer>,
  format: string,
  topic: Topic,
): AsyncGenerator<Line, void, void> {
  if (format === 'csv') return yield* readCsv(source, topic);
  let number = 0;
  for await (const line of readLines(source, lineBytesMax)) {
    number += 1;
    if (line.length === 0) continue;
    yield {
      number,
      value: format === 'text' ? Buffer.from(JSON.stringify({ text: line.toString('utf8') })) : line,
    };
  }
}

async function* readCsv(source: AsyncIterable<Buffer>, topic: Topic): AsyncGenerator<Line, void, void> {
  const parser = parse({
    columns: true,
    bom: true,
    skip_empty_lines: true,
    info: true,
    relax_column_count: true,
  });
  const feeding = pipeline(source, parser);
  // A broken file shows while the rows are read; without this it would also be an unhandled rejection.
  feeding.catch(() => {});
  for await (const { record, info } of parser as AsyncIterable<{
    record: Record<string, string>;
    info: { lines: number };
  }>)
    yield { number: info.lines, value: Buffer.from(JSON.stringify(typed(record, topic))) };
  await feeding;
}

/** CSV knows only text: values of numeric and yes/no fields are read as such, empty ones are absent. */
function typed(record: Readonly<Record<string, string>>, topic: Topic): Record<string, unknown> {
  const entries = Object.entries(record).filter(([, value]) => value !== '');
  return Object.fromEntries(
    entries.map(([name, value]) => {
      const type = topic.fields[name]?.type;
      if (type === 'flag') return [name, value === 'true' ? true : value === 'false' ? false : value];
      const isNumber = type === 'count' || type === 'float' || type === 'double' || type === 'time';
      return [
        name,
        isNumber && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value,
      ];
    }),
  );
}

/** One run of the command: what was accepted and rejected so far. */
class Publication {
  readonly #context: CommandContext;
  readonly #stack: Stack;
  readonly #topic: Topic;
  readonly #json: boolean;
  #records: LogRecord[] = [];
  #accepted = 0;
  #rejected = 0;

  constructor(context: CommandContext, stack: Stack, topic: Topic, json: boolean) {
    this.#context = context;
    this.#stack = stack;
    this.#topic = topic;
    this.#json = json;
  }

  async add({ number, value }: Line): Promise<void> {
    const record = { key: null, value, headers: {}, timestamp: Date.now(), offset: 0 };
    const message = this.#stack.wire.decode(this.#topic.name, 0, record);
    if (message instanceof Refusal) return this.#reject(number, message);
    const named = /"id"\s*:/.test(value.toString('latin1')) ? message[this.#topic.key] : null;
    this.#records.push({ ...record, key: named === null ? null : Buffer.from(String(named)) });
    if (this.#records.length >= batchRecords) await this.#flush();
  }

  async finish(): Promise<number> {
    await this.#flush();
    const { stdout, columns } = this.#context.io;
    if (columns) await this.#context.io.stderr.write('\r\u001b[K');
    await stdout.write(
      this.#json
        ? jsonLine({ topic: this.#topic.name, accepted: this.#accepted, rejected: this.#rejected })
        : `${count(this.#accepted)} accepted, ${count(this.#rejected)} rejected\n`,
    );
    if (this.#context.io.signal.aborted) return exitCodes.interrupted;
    return this.#rejected > 0 ? exitCodes.partly : exitCodes.done;
  }

  async #reject(line: number, { code, reason }: Refusal): Promise<void> {
    this.#rejected += 1;
    const { stderr } = this.#context.io;
    if (this.#rejected <= shownRejectionsMax) await stderr.write(`line ${line}: ${code}: ${reason}\n`);
    if (this.#rejected === shownRejectionsMax)
      await stderr.write('further rejected lines are only counted\n');
  }

  async #flush(): Promise<void> {
    const records = this.#records;
    if (records.length === 0) return;
    this.#records = [];
    await retry(() => this.#stack.log.publish([{ topic: this.#topic.name, records }]), {
      delayMs: 100,
      delayMaxMs: 5_000,
      signal: this.#context.io.signal,
      onRetry: (error, attempt) => void this.#context.io.stderr.write(`try ${attempt}: ${error.message}\n`),
    });
    this.#accepted += records.length;
    if (this.#context.io.columns) await this.#context.io.stderr.write(`\r${count(this.#accepted)} published`);
  }
}
