// `millrace drift examine`: looks at a window now, by a job’s measures; publishes only when it is told to.
import type { Command } from 'commander';
import type { DriftReport } from '../../schemas/drift-report.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { reportsOn } from '../drift/examination.ts';
import { type DriftJob, driftJobs } from '../drift/jobs.ts';
import { publishReports } from '../drift/publication.ts';
import type { Span } from '../drift.ts';
import { instantOf } from '../replay/instant.ts';
import { table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';
import { rowOf } from './drift-list.ts';
import { describeReport } from './drift-show.ts';

interface ExamineOptions {
  readonly from: string;
  readonly to: string;
  readonly job?: string;
  readonly release?: string;
  readonly publish?: boolean;
  readonly json?: boolean;
}

const minuteMs = 60_000;

export function defineExamine(group: Command, context: CommandContext, action: Action): void {
  group
    .command('examine')
    .description('look at a window now, as a drift job would; nothing is published without --publish')
    .option(
      '--from <time>',
      'begin of the window, by the messages’ own time: 2026-03-01T12:00:00Z or -1h',
      '-1h',
    )
    .option('--to <time>', 'end of the window', 'now')
    .option('--job <name>', 'by the measures of this job (default: the first one)')
    .option('--release <release>', 'only this release, task@version')
    .option('--publish', 'publish what is found, once, as the job would: alerts and retraining follow')
    .option('--json', 'print JSON, one report a line')
    .addHelpText(
      'after',
      `
Histograms are kept by minute: the window is widened to whole minutes. A window that is examined again has the same
report ids and is published once.

Examples:
  millrace drift examine
  millrace drift examine --from 2026-03-01T00:00:00Z --to 2026-03-02T00:00:00Z --job daily --json
  millrace drift examine --from -15m --release toxicity@1.0.0`,
    )
    .action(
      action((options: ExamineOptions) => whereOpen(context, context.io, () => examine(context, options))),
    );
}

async function examine({ io, stack }: CommandContext, options: ExamineOptions): Promise<number> {
  const open = await stack();
  const span = spanOf(options, open.now());
  const job = jobNamed(driftJobs(open.configuration), options.job);
  const chosen = options.release === undefined ? job : { ...job, tasks: null, releases: [options.release] };
  const reports = await reportsOn(open, chosen, span);
  const published = options.publish ? await publishReports(open, reports) : [];
  if (options.json) await io.stdout.write(reports.map(jsonLine).join(''));
  else await io.stdout.write(tell(reports, span));
  if (options.publish) await io.stderr.write(`${published.length} of ${reports.length} reports published.\n`);
  return exitCodes.done;
}

function spanOf({ from, to }: ExamineOptions, now: number): Span {
  const span = {
    from: Math.floor(instantOf('--from', from, now) / minuteMs) * minuteMs,
    to: Math.ceil(instantOf('--to', to, now) / minuteMs) * minuteMs,
  };
  if (span.from < span.to) return span;
  throw new Misconfigured(`--from ${from} is not before --to ${to}`, {
    code: 'bad-argument',
    fix: 'Name a window that begins before it ends.',
  });
}

function jobNamed(jobs: readonly DriftJob[], name: string | undefined): DriftJob {
  const job = name === undefined ? jobs[0] : jobs.find((each) => each.name === name);
  if (job) return job;
  throw new Misconfigured(`there is no drift job ${name}`, {
    code: 'unknown-job',
    fix: `Jobs are ${jobs.map((each) => each.name).join(', ')}; declare others under drift.jobs.`,
  });
}

function tell(reports: readonly DriftReport[], { from, to }: Span): string {
  const [only, ...others] = reports;
  if (!only)
    return `No release with a baseline answered between ${new Date(from).toISOString()} and ${new Date(to).toISOString()}.\n`;
  return others.length === 0 ? describeReport(only) : table(reports.map(rowOf));
}
