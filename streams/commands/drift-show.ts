// `millrace drift show`: everything of one drift report.
import type { Command } from 'commander';
import type { DriftReport } from '../../schemas/drift-report.ts';
import { reportNamed } from '../drift/stored-reports.ts';
import { count, table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';

export function defineShow(group: Command, context: CommandContext, action: Action): void {
  group
    .command('show <id>')
    .description('everything of one drift report; the first characters of its id will do')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace drift show 4f2a9c1e\n  millrace drift show 4f2a9c1e --json | jq .slices',
    )
    .action(
      action((id: string, options: { readonly json?: boolean }) =>
        whereOpen(context, context.io, () => show(context, id, options.json ?? false)),
      ),
    );
}

async function show({ io, stack }: CommandContext, id: string, json: boolean): Promise<number> {
  const { clickhouse } = await stack();
  const report = await reportNamed(clickhouse, id);
  await io.stdout.write(json ? jsonLine(report) : describeReport(report));
  return exitCodes.done;
}

/** A report as a terminal shows it. */
export function describeReport(report: DriftReport): string {
  const { expectedAccuracy, accuracy, labelled, dataScore, predictionScore } = report;
  const lines = [
    `${report.release}, ${report.kind ?? 'every kind'}: ${report.verdict}`,
    `window: ${iso(report.windowStart)} to ${iso(report.windowEnd)}, job ${report.job}, report ${report.id}`,
    `messages: ${count(report.samples)} against ${count(report.baselineSamples)} in the baseline`,
    `scores: ${share(dataScore)} of the features of the texts drifted; answers ${predictionScore?.toFixed(3) ?? '–'} from the baseline`,
    `accuracy: ${share(expectedAccuracy)} expected by confidence; ${accuracy === null ? 'no labels yet' : `${share(accuracy)} by ${count(labelled ?? 0)} labels`}`,
    report.summary,
    ...(report.recommendations ?? []).map((text) => `→ ${text}`),
  ];
  return `${lines.join('\n')}\n${slices(report)}${statistics(report)}${examples(report)}`;
}

function statistics({ statistics }: DriftReport): string {
  if (statistics.length === 0) return '';
  const ordered = [...statistics].sort((a, b) => Number(b.drifted) - Number(a.drifted));
  return `\n${table(ordered.map(({ drifted, ...rest }) => ({ ...rest, verdict: drifted ? 'drifted' : 'stable' })))}`;
}

const slices = ({ slices }: DriftReport): string =>
  slices && slices.length > 0
    ? `\n${table(slices.map(({ feature, bin, before, after }) => ({ feature, part: bin, baseline: share(before), window: share(after) })))}`
    : '';

const examples = ({ examples }: DriftReport): string =>
  examples && examples.length > 0 ? `\nexamples: ${examples.join(', ')}\n` : '';

const iso = (ms: number): string => new Date(ms).toISOString();
const share = (value: number | null): string => (value === null ? '–' : `${(100 * value).toFixed(1)} %`);
