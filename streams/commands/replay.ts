// `millrace replay`: recomputes a window of a topic with any release, into a table, as JSON lines, or against what is stored.
import type { Prediction } from '../../schemas/prediction.ts';
import { openEngine } from '../models.ts';
import { inferenceFor } from '../pipeline.ts';
import { namesFor, printOf, taskOf } from '../replay/releases.ts';
import { ReplayTable } from '../replay/table.ts';
import { type Asked, kindOf, readTraffic } from '../replay/traffic.ts';
import { type Discrepancy, Verification } from '../replay/verification.ts';
import { fromOption, toOption, type WindowOptions, windowOf } from '../replay/window.ts';
import type { Stack } from '../stack.ts';
import { bar, count, table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine, whereOpen } from './command.ts';
import { progressLine } from './data-places.ts';

interface ReplayOptions extends WindowOptions {
  readonly topic: string;
  readonly model?: readonly string[];
  readonly into?: string;
  readonly verify?: boolean;
  readonly json?: boolean;
}

export const replay: Define = (program, context, action) => {
  program
    .command('replay')
    .description('recompute a window of a topic with any release; nothing that is stored changes')
    .requiredOption('--topic <topic>', 'comments or prompts')
    .addOption(fromOption())
    .addOption(toOption())
    .option('--model <releases...>', 'task@version, one for each task (default: what serves the topic)')
    .option('--into <table>', 'write the predictions into this table, which is made for it')
    .option('--verify', 'compare with the stored results of the same releases, bit by bit')
    .option('--json', 'JSON: a line for each prediction, or with --into or --verify one object')
    .addHelpText(
      'after',
      `
Times are those of the records. The topic is read without a group, so no stream notices. A replay that was broken off is
run again: what its table has stays as it is, what it lacks is added. --verify ends with exit code 3 when a result
differs, or when none is stored to compare with.

Examples:
  millrace replay --topic comments --from -1h --verify
  millrace replay --topic comments --from 2026-03-01T00:00:00Z --to 2026-03-02T00:00:00Z --model toxicity@1.0.0 --into toxicity_1_0_0
  millrace replay --topic prompts --from 0:1200 --to 0:1300 --json | jq .results`,
    )
    .action(
      action((options: ReplayOptions) => {
        kindOf(options.topic);
        return whereOpen(context, context.io, () => run(context, options));
      }),
    );
};

async function run(context: CommandContext, options: ReplayOptions): Promise<number> {
  const { configuration, stack } = context;
  const open = await stack();
  const window = await windowOf(open.log, options.topic, options, open.now());
  const names = namesFor(configuration, kindOf(options.topic), options.model);
  if (options.into !== undefined) await ReplayTable.check(open.clickhouse, options.into);
  const engine = await openEngine(configuration, names);
  try {
    const releases = engine.manifests.map(printOf);
    const into =
      options.into === undefined
        ? null
        : await ReplayTable.open(open.clickhouse, options.into, { topic: options.topic, releases });
    const tasks = names.map(taskOf);
    const infer = inferenceFor(configuration, engine, { comment: tasks, prompt: tasks });
    const replaying = new Replaying(context, open, { ...options, table: into, releases });
    const onProgress = (read: number, total: number) => replaying.show(read, total);
    for await (const traffic of readTraffic(open, window, { signal: context.io.signal, onProgress })) {
      replaying.refused += traffic.refused;
      const outcomes = await infer(traffic.asked.map(({ features }) => features));
      const predictions = outcomes.map((outcome) => {
        if (outcome.kind === 'ok') return outcome.outputs[0]!;
        throw new Error(`inference made no prediction of a message: ${outcome.kind}`);
      });
      await replaying.add(traffic.partition, traffic.asked, predictions);
    }
    return await replaying.finish();
  } finally {
    await progressLine(context).clear();
    await engine.close();
  }
}

interface Goals extends ReplayOptions {
  readonly table: ReplayTable | null;
  readonly releases: readonly string[];
}

/** What is done with predictions as they come, and what is said at the end. */
class Replaying {
  refused = 0;
  #messages = 0;
  readonly #context: CommandContext;
  readonly #goals: Goals;
  readonly #verification: Verification | null;
  readonly #answers = new Map<
    string,
    { task: string; release: string; label: string; messages: number; sum: number }
  >();
  readonly #progress: ReturnType<typeof progressLine>;

  constructor(context: CommandContext, { clickhouse }: Stack, goals: Goals) {
    this.#context = context;
    this.#goals = goals;
    this.#verification = goals.verify ? new Verification(clickhouse) : null;
    this.#progress = progressLine(context);
  }

  get #isLines(): boolean {
    const { json, verify, into } = this.#goals;
    return json === true && !verify && into === undefined;
  }

  show(read: number, total: number): void {
    if (!this.#isLines)
      this.#progress.show(
        `${bar(read / Math.max(1, total), 24)} ${count(read)} read, ${count(this.#messages)} replayed`,
      );
  }

  async add(partition: number, asked: readonly Asked[], predictions: readonly Prediction[]): Promise<void> {
    this.#messages += predictions.length;
    for (const { results } of predictions) for (const result of results) this.#count(result);
    await this.#verification?.add(predictions);
    const { table } = this.#goals;
    if (table)
      for (const [index, prediction] of predictions.entries()) {
        const { offset, timestamp } = asked[index]!.record;
        await table.add(partition, { offset, time: timestamp, prediction });
      }
    if (this.#isLines) await this.#context.io.stdout.write(predictions.map(jsonLine).join(''));
  }

  #count({ task, release, label, confidence }: Prediction['results'][number]): void {
    const key = `${release} ${label}`;
    const answer = this.#answers.get(key) ?? { task, release, label, messages: 0, sum: 0 };
    answer.messages += 1;
    answer.sum += confidence;
    this.#answers.set(key, answer);
  }

  async finish(): Promise<number> {
    await this.#goals.table?.finish();
    await this.#progress.clear();
    const { io } = this.#context;
    if (this.#messages === 0) await io.stderr.write(`no messages in this window of ${this.#goals.topic}\n`);
    if (!this.#isLines) await io.stdout.write(this.#goals.json ? jsonLine(this.#summary()) : this.#print());
    if (!this.#verification) return exitCodes.done;
    const { identical, different } = this.#verification.counts;
    return different > 0 || identical === 0 ? exitCodes.partly : exitCodes.done;
  }

  #summary() {
    const { topic, releases, into, table } = this.#goals;
    const verified = this.#verification && {
      ...this.#verification.counts,
      discrepancies: this.#verification.discrepancies,
    };
    return {
      topic,
      releases,
      messages: this.#messages,
      refused: this.refused,
      answers: [...this.#answers.values()]
        .sort((a, b) => a.task.localeCompare(b.task) || b.messages - a.messages)
        .map(({ sum, ...answer }) => ({ ...answer, confidence: sum / answer.messages })),
      ...(table
        ? { table: into, rowsWritten: table.written, rowsBefore: this.#messages - table.written }
        : {}),
      ...(verified ? { verified } : {}),
    };
  }

  #print(): string {
    const { answers, messages, refused, releases, verified, ...rest } = this.#summary();
    const lines = [
      table(answers),
      `${count(messages)} messages replayed by ${releases.join(', ')}; ${count(refused)} records are no messages\n`,
    ];
    if (rest.table)
      lines.push(
        `${count(rest.rowsWritten!)} rows written into ${rest.table}, ${count(rest.rowsBefore!)} were there\n`,
      );
    if (verified) lines.push(verdict(verified), ...verified.discrepancies.map(line));
    return lines.join('');
  }
}

const verdict = ({ identical, different, missing }: Verification['counts']): string =>
  `${count(identical)} results are identical to the stored ones bit by bit, ${count(different)} differ, ${count(missing)} are not stored under these releases\n`;

const line = ({ messageId, stored, replayed }: Discrepancy): string =>
  `  ${messageId} ${stored.release}: stored ${stored.label} ${stored.confidence}, replayed ${replayed.label} ${replayed.confidence}\n`;
