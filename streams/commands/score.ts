// `millrace score`: a table in, the same table with scores out. Needs no log; a killed one goes on where it was.
import { rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option } from 'commander';
import { formatOf, type TableFormat } from '../../connectors/tabular/table.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Kind } from '../../schemas/features.ts';
import { openEngine } from '../models.ts';
import { isFile, Parts } from '../scored-table/parts.ts';
import { createRowScorer } from '../scored-table/row-scorer.ts';
import { fileIdentity, runTableJob } from '../scored-table/table-job.ts';
import { count } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine, whereOpen } from './command.ts';
import { numberBetween, progressLine } from './data-places.ts';

interface Options {
  readonly out: string;
  readonly query?: string;
  readonly text: string;
  readonly tasks?: readonly string[];
  readonly kind: Kind;
  readonly tenant: string;
  readonly part: number;
  readonly restart?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

export const score: Define = (program, context, action) => {
  program
    .command('score [input]')
    .description('score every row of a file or of a query, into a file')
    .requiredOption('--out <file>', 'where the scored rows go: .jsonl, .csv or .parquet')
    .option('--query <sql>', 'rows of ClickHouse instead of a file')
    .option('--text <column>', 'the column with the text', 'text')
    .option('--tasks <a,b,c>', 'tasks or releases to ask; those of the streams by default', names)
    .addOption(
      new Option('--kind <kind>', 'what the texts are').choices(['comment', 'prompt']).default('comment'),
    )
    .option('--tenant <tenant>', 'whose texts they are, for expected languages', 'default')
    .option(
      '--part <rows>',
      'rows that are scored before they are put away',
      numberBetween(1, 1_000_000, true),
      5_000,
    )
    .option('--restart', 'throw away what an earlier start has done')
    .option('--force', 'replace an output that is there')
    .option('--json', 'print one JSON object at the end')
    .addHelpText(
      'after',
      `
Reads .jsonl, .csv (each perhaps with .gz) and .parquet. Columns of the input stay; language, sentiment, toxicity and
the others are added, as scored_<name> where the name is taken; a row that cannot be scored gets an error, and exit
code 3. What is done lies in <out>.parts until the output is whole: after Ctrl-C or a kill the same command goes on.

Examples:
  millrace score comments.parquet --out scored.parquet
  millrace score reviews.csv --text review --tasks sentiment,emotion --out scored.csv
  millrace score --query "SELECT id, text FROM comments WHERE tenant = 'acme'" --out acme.parquet`,
    )
    .action(
      action((input: string | undefined, options: Options) =>
        options.query === undefined
          ? run(context, input, options)
          : whereOpen(context, context.io, () => run(context, input, options)),
      ),
    );
};

async function run(context: CommandContext, input: string | undefined, options: Options): Promise<number> {
  const { io, configuration, workingDirectory } = context;
  const output = { path: resolve(workingDirectory, options.out), format: formatNamed(options.out) };
  await mayWrite(output.path, options.force ?? false);
  const tasks = tasksOf(context, options);
  const engine = await openEngine(configuration, tasks);
  const line = progressLine(context);
  const started = performance.now();
  try {
    const releases = engine.manifests.map(({ release }) => release);
    const named = releases.map((release) => release.split('@')[0]!);
    const source = sourceNamed(context, input, options);
    const parts = await openParts(output.path, { source, releases }, options);
    const before = parts.rows;
    if (before > 0) await io.stderr.write(`going on after ${count(before)} rows that are done\n`);
    const file = await fileOf(context, source, parts);
    await runTableJob({
      input: file,
      output,
      parts,
      rowsPerPart: options.part,
      signal: io.signal,
      scorer: (taken) =>
        createRowScorer({ ...options, configuration, engine, tasks: named, taken, textColumn: options.text }),
      onPart: (rows) => {
        const rate = ((rows - before) / (performance.now() - started)) * 1_000;
        line.show(`${count(rows)} rows  ${count(rate)}/s`);
      },
    });
    await line.clear();
    const { rows, failed } = parts;
    const seconds = (performance.now() - started) / 1_000;
    const report = { out: output.path, rows, failed, scored: rows - before, seconds, releases };
    await io.stdout.write(options.json ? jsonLine(report) : printed(report));
    return failed > 0 ? exitCodes.partly : exitCodes.done;
  } finally {
    await engine.close();
  }
}

function printed(report: {
  readonly out: string;
  readonly rows: number;
  readonly failed: number;
  readonly seconds: number;
  readonly releases: readonly string[];
}): string {
  const { out, rows, failed, seconds, releases } = report;
  const bad = failed > 0 ? `, ${count(failed)} of them with an error` : '';
  return `${count(rows)} rows${bad} in ${out}, by ${releases.join(', ')}; ${seconds.toFixed(1)} s\n`;
}

function tasksOf({ configuration }: CommandContext, { tasks, kind }: Options): readonly string[] {
  const { commentTasks, promptTasks } = configuration.inference;
  return tasks ?? (kind === 'comment' ? commentTasks : promptTasks);
}

const names = (text: string): readonly string[] => text.split(',').map((name) => name.trim());

/** The rows of a file, or those of a query. */
type Source = { readonly path: string; readonly format: TableFormat } | { readonly query: string };

function sourceNamed(
  { workingDirectory }: CommandContext,
  input: string | undefined,
  { query }: Options,
): Source {
  if ((input === undefined) === (query === undefined))
    throw new Misconfigured('name one input: a file, or --query', {
      code: 'score-input',
      fix: 'Try: millrace score comments.parquet --out scored.parquet',
    });
  if (query !== undefined) return { query };
  return { path: resolve(workingDirectory, input!), format: formatNamed(input!) };
}

async function openParts(
  out: string,
  about: { readonly source: Source; readonly releases: readonly string[] },
  { text, kind, tenant, restart, part }: Options,
): Promise<Parts> {
  const file = 'path' in about.source ? await identityOf(about.source.path) : {};
  const identity = JSON.stringify({ ...about, file, text, kind, tenant, part });
  return Parts.open(`${out}.parts`, identity, restart ?? false);
}

const identityOf = (path: string) =>
  fileIdentity(path).catch((cause: unknown) => {
    throw new Misconfigured(`${path} cannot be read`, {
      code: 'file-unreadable',
      fix: 'Name a file that is there and readable.',
      cause,
    });
  });

/** A query's rows are fetched once and kept with the parts, so that a second start sees the same. */
async function fileOf({ stack, configuration }: CommandContext, source: Source, parts: Parts) {
  if ('path' in source) return source;
  const path = parts.pathOf('input.parquet');
  if (!(await isFile(path))) {
    const { clickhouse } = await stack();
    const partial = `${path}.partial`;
    await rm(partial, { force: true });
    await writeFile(partial, await clickhouse.readOnly(source.query, 'Parquet', configuration.sql));
    await rename(partial, path);
  }
  return { path, format: 'parquet' } as const;
}

function formatNamed(name: string): TableFormat {
  const format = formatOf(name);
  if (format !== null) return format;
  throw new Misconfigured(`${name} does not tell its format`, {
    code: 'table-format',
    fix: 'Name a file that ends with .jsonl, .csv or .parquet.',
  });
}

async function mayWrite(path: string, force: boolean): Promise<void> {
  if (!force && (await isFile(path)))
    throw new Misconfigured(`${path} is there already`, {
      code: 'output-exists',
      fix: 'Name another --out, or add --force to replace it.',
    });
}
