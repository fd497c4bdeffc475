// `millrace drift list`: what the drift jobs found, window by window, the newest first.
import type { Command } from 'commander';
import type { DriftReport } from '../../schemas/drift-report.ts';
import { driftJobs } from '../drift/jobs.ts';
import { readReports } from '../drift/stored-reports.ts';
import { instantOf } from '../replay/instant.ts';
import { table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';
import { numberBetween } from './data-places.ts';

interface ListOptions {
  readonly release?: string;
  readonly task?: string;
  readonly job?: string;
  readonly since?: string;
  readonly until?: string;
  readonly drifted?: boolean;
  readonly limit: number;
  readonly json?: boolean;
}

export function defineList(group: Command, context: CommandContext, action: Action): void {
  group
    .command('list')
    .description('what the drift jobs found, window by window, the newest first')
    .option('--release <release>', 'only of this release, task@version')
    .option('--task <task>', 'only of releases of this task')
    .option('--job <name>', 'only what this job found')
    .option('--since <time>', 'only windows that end at or after this: 2026-03-01T12:00:00Z or -1h')
    .option('--until <time>', 'only windows that end at or before this')
    .option('--drifted', 'only windows that drifted')
    .option('-n, --limit <count>', 'how many', numberBetween(1, 10_000, true), 20)
    .option('--json', 'print JSON, one report a line')
    .addHelpText(
      'after',
      `
Jobs are declared under drift.jobs (docs/configuration.md); without any, one job looks at everything.

Examples:
  millrace drift list
  millrace drift list --task toxicity --drifted --since -7d
  millrace drift list --json | jq '[.release, .verdict, .summary]'`,
    )
    .action(action((options: ListOptions) => whereOpen(context, context.io, () => list(context, options))));
}

async function list({ io, stack }: CommandContext, options: ListOptions): Promise<number> {
  const open = await stack();
  const { since, until, drifted, limit, json, ...same } = options;
  const now = open.now();
  const filter = {
    ...same,
    ...(drifted ? { driftedOnly: true } : {}),
    ...(since === undefined ? {} : { since: instantOf('--since', since, now) }),
    ...(until === undefined ? {} : { until: instantOf('--until', until, now) }),
  };
  const reports = await readReports(open.clickhouse, filter, limit);
  if (json) await io.stdout.write(reports.map(jsonLine).join(''));
  else if (reports.length > 0) await io.stdout.write(table(reports.map(rowOf)));
  else {
    const jobs = driftJobs(open.configuration).map(({ name }) => name);
    await io.stdout.write(`No drift reports. Jobs: ${jobs.join(', ')}.\n`);
  }
  return exitCodes.done;
}

export const rowOf = (report: DriftReport) => ({
  id: report.id.slice(0, 8),
  'window end': new Date(report.windowEnd).toISOString().slice(0, 16),
  job: report.job,
  release: report.release,
  kind: report.kind,
  messages: report.samples,
  verdict: report.verdict,
  summary: report.summary,
});
