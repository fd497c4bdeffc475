// `millrace drift report`: one drift report as a self-contained HTML page, and that page in a browser.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { DriftReport } from '../../schemas/drift-report.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { readContent } from '../drift/report-page/content.ts';
import { printReportPage } from '../drift/report-page/page.ts';
import { type ReportFilter, readReports, reportNamed } from '../drift/stored-reports.ts';
import { instantOf } from '../replay/instant.ts';
import type { Stack } from '../stack.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';

interface ReportOptions {
  readonly release?: string;
  readonly task?: string;
  readonly job?: string;
  readonly window?: string;
  readonly out?: string;
  readonly open?: boolean;
  readonly json?: boolean;
}

export function defineReport(group: Command, context: CommandContext, action: Action): void {
  group
    .command('report [id]')
    .description('one drift report as an HTML page: distributions, curves, parts that moved, examples')
    .option('--release <release>', 'of this release, task@version')
    .option('--task <task>', 'of a release of this task')
    .option('--job <name>', 'by this job')
    .option('--window <time>', 'the window that this time falls into: 2026-03-01T12:00:00Z or -1h')
    .option('--out <file>', 'where the page goes (default: drift-report.html)')
    .option('--open', 'show it in the browser')
    .option('--json', 'print JSON: the report’s id and where the page is')
    .addHelpText(
      'after',
      `
Without an id and without a window it is the newest report of those that drifted, or the newest where none did. The page
fetches nothing; it can be sent to somebody.

Examples:
  millrace drift report --open
  millrace drift report --release toxicity@1.0.0 --window -2h --out toxicity.html
  millrace drift report 4f2a9c1e`,
    )
    .action(action((id: string | undefined, options: ReportOptions) => run(context, id, options)));
}

/** Whoever has the system open writes the page; the browser is this terminal’s. */
async function run(context: CommandContext, id: string | undefined, options: ReportOptions): Promise<number> {
  const { io, workingDirectory } = context;
  const place = options.open
    ? join(tmpdir(), `millrace-drift-report-${process.pid}.html`)
    : 'drift-report.html';
  const out = resolve(workingDirectory, options.out ?? place);
  const code = await whereOpen(
    context,
    { argv: [...io.argv.filter((word) => word !== '--open'), '--out', out] },
    () => report(context, id, { ...options, out }),
  );
  if (code === exitCodes.done && options.open && !(await openInBrowser(out)))
    await io.stderr.write(`No browser could be started; open ${out} yourself.\n`);
  return code;
}

async function report(
  { io, stack }: CommandContext,
  id: string | undefined,
  options: ReportOptions & { readonly out: string },
): Promise<number> {
  const open = await stack();
  const chosen = id === undefined ? await newest(open, options) : await reportNamed(open.clickhouse, id);
  await write(options.out, printReportPage(await readContent(open, chosen)));
  const { release, verdict } = chosen;
  const said = `${release}, window to ${new Date(chosen.windowEnd).toISOString()}: ${verdict}\nPage: ${options.out}\n`;
  await io.stdout.write(
    options.json ? jsonLine({ id: chosen.id, release, verdict, page: options.out }) : said,
  );
  return exitCodes.done;
}

async function newest(stack: Stack, options: ReportOptions): Promise<DriftReport> {
  const { release, task, job, window } = options;
  const filter: ReportFilter = {
    ...(release === undefined ? {} : { release }),
    ...(task === undefined ? {} : { task }),
    ...(job === undefined ? {} : { job }),
  };
  const at = window === undefined ? null : instantOf('--window', window, stack.now());
  const found =
    at === null
      ? [
          ...(await readReports(stack.clickhouse, { ...filter, driftedOnly: true }, 1)),
          ...(await readReports(stack.clickhouse, filter, 1)),
        ]
      : (await readReports(stack.clickhouse, { ...filter, since: at }, 10_000))
          .filter(({ windowStart, windowEnd }) => windowStart <= at && at <= windowEnd)
          .sort((a, b) => Number(b.verdict === 'drifted') - Number(a.verdict === 'drifted'));
  const [chosen] = found;
  if (chosen) return chosen;
  throw new Misconfigured('there is no such drift report', {
    code: 'unknown-report',
    fix: '`millrace drift list` prints those that there are; `millrace drift examine` looks at a window now.',
  });
}

async function write(file: string, page: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, page);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === undefined) throw cause;
    throw new Misconfigured(`the page cannot be written to ${file}: ${String(cause)}`, {
      code: 'report-unwritable',
      fix: 'Name a file with --out that can be written.',
      cause,
    });
  }
}

const openers: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

/** False where there is nothing to open a page with. */
function openInBrowser(file: string): Promise<boolean> {
  const [command, ...args] = openers[process.platform] ?? ['xdg-open'];
  return new Promise((done) => {
    const opener = spawn(command, [...args, file], { detached: true, stdio: 'ignore' });
    opener.once('error', () => done(false));
    opener.once('spawn', () => {
      opener.unref();
      done(true);
    });
  });
}
