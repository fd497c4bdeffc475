// What a page about one drift report shows: the report, the counts behind it, its forerunners, and texts.
import { type Example, readExamples } from '../../../connectors/clickhouse/drift-examples.ts';
import { type ConfidenceBin, readConfidences } from '../../../connectors/clickhouse/drift-windows.ts';
import { readBaselines, readHistogram } from '../../../connectors/clickhouse/histograms.ts';
import { readAccuracy } from '../../../connectors/clickhouse/labels.ts';
import { type Aligned, alignBins } from '../../../processors/drift/bins.ts';
import type { Baseline } from '../../../schemas/baseline.ts';
import type { DriftReport } from '../../../schemas/drift-report.ts';
import type { Stack } from '../../stack.ts';
import { baselineFor } from '../examination.ts';
import { taskOf } from '../jobs.ts';
import { readReports } from '../stored-reports.ts';

export interface ReportContent {
  readonly report: DriftReport;
  readonly features: readonly { readonly baseline: Baseline; readonly aligned: Aligned }[];
  readonly confidences: readonly ConfidenceBin[];
  /** Reports of the same job on the same part of the traffic up to this one, oldest first, this one last. */
  readonly history: readonly DriftReport[];
  /** Accuracy of the history’s windows by the labels that are there now. */
  readonly accuracies: readonly {
    readonly windowEnd: number;
    readonly accuracy: number;
    readonly labelled: number;
  }[];
  readonly examples: readonly Example[];
}

/** Windows before the reported one that curves go back to. */
const historyMax = 48;

export async function readContent(
  { clickhouse }: Pick<Stack, 'clickhouse'>,
  report: DriftReport,
): Promise<ReportContent> {
  const { release, job, windowStart: from, windowEnd: to } = report;
  const kind = report.kind ?? '';
  const tenant = report.tenant === 'default' ? {} : { tenant: report.tenant };
  const span = { release, from, to, kind, ...tenant };
  const histogram = await readHistogram(clickhouse, { ...span, withTexts: true });
  const compared = new Set(report.statistics.map(({ feature }) => feature));
  const baselines = baselineFor(await readBaselines(clickhouse, release), kind, null);
  const features = baselines
    .filter(({ feature }) => compared.has(feature))
    .map((baseline) => ({ baseline, aligned: alignBins(baseline, histogram) }));
  const before = await readReports(
    clickhouse,
    { release, job, tenant: report.tenant, until: to },
    2 * historyMax,
  );
  const history = [
    report,
    ...before.filter((each) => each.kind === report.kind && each.id !== report.id && each.windowEnd < to),
  ];
  const shown = history.slice(0, historyMax).reverse();
  return {
    report,
    features,
    confidences: await readConfidences(clickhouse, span),
    history: shown,
    accuracies: await accuraciesOf({ clickhouse }, shown),
    examples: await readExamples(clickhouse, { from, to, ids: report.examples ?? [] }),
  };
}

async function accuraciesOf(
  { clickhouse }: Pick<Stack, 'clickhouse'>,
  history: readonly DriftReport[],
): Promise<ReportContent['accuracies']> {
  const accuracies: ReportContent['accuracies'][number][] = [];
  for (const { release, windowStart, windowEnd } of history) {
    const found = await readAccuracy(clickhouse, { task: taskOf(release), from: windowStart, to: windowEnd });
    const known = found.find((each) => each.release === release);
    if (known && known.labelled > 0)
      accuracies.push({ windowEnd, accuracy: known.correct / known.labelled, labelled: known.labelled });
  }
  return accuracies;
}
