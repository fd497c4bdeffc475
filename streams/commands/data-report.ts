// `millrace data report`: the quality of a data set, as figures and as a page.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { qualityPage } from '../../trainers/data-sets/quality-page.ts';
import { type QualityReport, reportQuality } from '../../trainers/data-sets/quality-report.ts';
import { bar, table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine } from './command.ts';
import { type DataOptions, dataOption, numberBetween, openNamed, progressLine } from './data-places.ts';

interface ReportOptions extends DataOptions {
  readonly out?: string;
  readonly nearDuplicates: number;
  readonly seed: number;
}

const barColumns = 30;

export function defineReport(group: Command, context: CommandContext, action: Action): void {
  group
    .command('report <set>')
    .description(
      'data quality: missing, duplicates, leakage between splits, lengths, labels, suspicious labels',
    )
    .option('--out <folder>', 'write quality.json and quality.html there')
    .option(
      '--near-duplicates <similarity>',
      'from when two texts are nearly the same',
      numberBetween(0.65, 1),
      0.8,
    )
    .option('--seed <number>', 'of the folds', numberBetween(0, 2 ** 32 - 1, true), 1)
    .option(...dataOption)
    .option('--json', 'print the whole report')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace data report goemotions --out report\n  millrace data report ./rows.csv --json | jq .leakage',
    )
    .action(action((name: string, options: ReportOptions) => run(context, name, options)));
}

async function run(context: CommandContext, name: string, options: ReportOptions): Promise<number> {
  const { io, workingDirectory } = context;
  const line = progressLine(context);
  const set = await openNamed(context, name, options);
  const report = await reportQuality(set, {
    threshold: options.nearDuplicates,
    seed: options.seed,
    signal: io.signal,
    onProgress: (stage, done) => line.show(`${stage.padEnd(12)} ${bar(done, barColumns)}`),
  });
  await line.clear();
  io.signal.throwIfAborted();
  if (options.out !== undefined) await writeReport(resolve(workingDirectory, options.out), report);
  await io.stdout.write(options.json ? jsonLine(report) : summary(report));
  if (options.out !== undefined) await io.stderr.write(`written to ${join(options.out, 'quality.html')}\n`);
  return exitCodes.done;
}

/** Both files, each whole or not at all. */
async function writeReport(folder: string, report: QualityReport): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = {
    'quality.json': `${JSON.stringify(report, null, 1)}\n`,
    'quality.html': qualityPage(report),
  };
  for (const [name, text] of Object.entries(files)) {
    const part = join(folder, `${name}.${process.pid}.part`);
    try {
      await writeFile(part, text);
      await rename(part, join(folder, name));
    } finally {
      await rm(part, { force: true });
    }
  }
}

function summary({ set, inspection, words, near, leakage, suspicious }: QualityReport): string {
  const { rows, omitted, duplicates, conflicting, violations } = inspection;
  const facts = [
    { what: 'rows', count: rows },
    { what: 'missing text or answer', count: omitted.missing },
    { what: 'unreadable', count: omitted['invalid-utf8'] + omitted.malformed },
    { what: 'left out by label map or length', count: omitted.unmapped + omitted.short },
    { what: 'repeating a text of their split', count: duplicates },
    { what: `nearly the same (similarity ${near.threshold})`, count: near.rows },
    { what: 'with conflicting answers', count: conflicting },
    ...leakage.flatMap(({ split, also, exact, near: alike }) => [
      { what: `${split}: also in ${also}`, count: exact },
      { what: `${split}: nearly the same in ${also}`, count: alike },
    ]),
    ...(suspicious === null
      ? []
      : [{ what: `suspicious labels (of ${suspicious.judged} judged)`, count: suspicious.found }]),
    { what: 'words, median', count: words.median },
    { what: 'words, 95th percentile', count: words.p95 },
  ];
  const broken = violations.map((violation) => `does not hold: ${violation}\n`).join('');
  return `${set}\n${table(facts)}${broken}`;
}
