// `millrace label import`: labels of a CSV or JSON lines file, by message id.
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { BadRow, type TableRow } from '../../connectors/tabular/row.ts';
import { formatOf, readTable } from '../../connectors/tabular/table.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { findMessages } from '../labels/messages.ts';
import { labelsOf } from '../labels/next.ts';
import { publishWords } from '../labels/words.ts';
import { count } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';
import { type LabellerOptions, labellerOf, withLabeller } from './label-options.ts';

const rowsAtOnce = 500;
const shownMax = 20;

export function defineLabelImport(group: Command, context: CommandContext, action: Action): void {
  withLabeller(group.command('import <file>'))
    .description('take labels from a file: CSV or JSON lines with messageId and label')
    .addHelpText(
      'after',
      `
Rows about messages that were not answered for the task, and labels that it does not know, are told with their number on
standard error; all others are taken. Exit code 3 when any was not. The same file again changes nothing. Imported labels
do not count against the day’s budget.

Examples:
  millrace label import labels.csv --task toxicity
  millrace label import labels.jsonl.gz --task intent --by user --json`,
    )
    .action(
      action((file: string, options: LabellerOptions) => {
        const path = resolve(context.workingDirectory, file);
        const labeller = labellerOf(options);
        const { task, by, json } = options;
        const argv = ['label', 'import', path, '--task', task, '--by', by, '--labeller', labeller];
        return whereOpen(context, { argv: [...argv, ...(json ? ['--json'] : [])] }, () =>
          new Import(context, { ...options, labeller }).run(path),
        );
      }),
    );
}

interface Row {
  readonly number: number;
  readonly messageId: string;
  readonly label: string;
}

class Import {
  readonly #context: CommandContext;
  readonly #options: LabellerOptions & { readonly labeller: string };
  #labels: readonly string[] = [];
  #accepted = 0;
  #rejected = 0;

  constructor(context: CommandContext, options: LabellerOptions & { readonly labeller: string }) {
    this.#context = context;
    this.#options = options;
  }

  async run(path: string): Promise<number> {
    const { io, configuration } = this.#context;
    const format = formatOf(path);
    if (format === null)
      throw new Misconfigured(`what ${path} holds cannot be told from its name`, {
        code: 'file-format',
        fix: 'Name a file that ends in .csv, .jsonl or .parquet, gzipped or not.',
      });
    this.#labels = await labelsOf(configuration, this.#options.task);
    let rows: Row[] = [];
    for await (const found of readTable(path, format)) {
      io.signal.throwIfAborted();
      const row = rowOf(found.line, found.row);
      if (typeof row === 'string') await this.#reject(found.line, row);
      else rows.push(row);
      if (rows.length < rowsAtOnce) continue;
      await this.#take(rows);
      rows = [];
    }
    await this.#take(rows);
    const { task, json } = this.#options;
    const counts = { task, accepted: this.#accepted, rejected: this.#rejected };
    await io.stdout.write(
      json ? jsonLine(counts) : `${count(counts.accepted)} accepted, ${count(counts.rejected)} rejected\n`,
    );
    return this.#rejected > 0 ? exitCodes.partly : exitCodes.done;
  }

  async #take(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const stack = await this.#context.stack();
    const { task, by, labeller } = this.#options;
    const ids = rows.map(({ messageId }) => messageId);
    const tenants = await findMessages(stack.clickhouse, task, ids);
    const words = [];
    for (const { number, messageId, label } of rows) {
      const tenant = tenants.get(messageId);
      if (!this.#labels.includes(label)) await this.#reject(number, `${task} does not know “${label}”`);
      else if (tenant === undefined)
        await this.#reject(number, `“${messageId}” was not answered for ${task}`);
      else
        words.push({
          task,
          messageId,
          label,
          value: null,
          by,
          labeller,
          tenant,
          occasion: 'import',
          way: 'import' as const,
        });
    }
    await publishWords(stack, words);
    this.#accepted += words.length;
  }

  async #reject(number: number, reason: string): Promise<void> {
    this.#rejected += 1;
    if (this.#rejected <= shownMax) await this.#context.io.stderr.write(`row ${number}: ${reason}\n`);
    else if (this.#rejected === shownMax + 1) await this.#context.io.stderr.write('more rows are rejected\n');
  }
}

/** A row, or why it is none. */
function rowOf(number: number, row: TableRow | BadRow): Row | string {
  if (row instanceof BadRow) return row.reason;
  const { messageId, label } = row;
  if (typeof messageId !== 'string' || messageId === '') return 'messageId is missing';
  if (typeof label !== 'string' || label === '') return 'label is missing';
  return { number, messageId, label };
}
