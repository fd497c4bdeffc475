// One drift report as a self-contained HTML page for people: what moved, how far, since when, and what it looks like.
import { describeBin, sum } from '../../../processors/drift/bins.ts';
import type { DriftReport } from '../../../schemas/drift-report.ts';
import { barChart } from '../../../trainers/report/chart.ts';
import {
  dataTable,
  facts,
  figure,
  type Html,
  htmlPage,
  type PageSection,
  paragraph,
  row,
} from '../../../trainers/report/page.ts';
import type { ReportContent } from './content.ts';
import { overTime } from './curves.ts';

/** Bins of a feature without an order that a chart shows: the largest of both sides. */
const categoriesMax = 20;

/** Features that did not drift are shown too, up to this many. */
const featuresMax = 12;

/** The page, UTF-8. */
export function printReportPage(content: ReportContent): string {
  const { report } = content;
  const sections: readonly PageSection[] = [
    { title: 'Verdict', body: verdict(report) },
    { title: 'What moved', body: slices(report) },
    { title: 'Baseline and now', body: distributions(content) },
    { title: 'Over time', body: overTime(content) },
    { title: 'Confidence', body: confidence(content) },
    { title: 'Examples', body: examples(content) },
    { title: 'Statistics', body: statistics(report) },
  ];
  return htmlPage({
    title: `Drift of ${report.release}`,
    subtitle: `${iso(report.windowStart)} to ${iso(report.windowEnd)}, ${report.kind ? `${report.kind}s` : 'all messages'}, job ${report.job}`,
    sections: sections.filter(({ body }) => body.length > 0),
  });
}

function verdict(report: DriftReport): readonly Html[] {
  const { samples, baselineSamples, dataScore, predictionScore, expectedAccuracy, accuracy, labelled } =
    report;
  return [
    facts([
      ['verdict', report.verdict],
      ['messages', count(samples)],
      ['in the baseline', count(baselineSamples)],
      ['features drifted', share(dataScore)],
      ['answers, distance', dataScore === null && predictionScore === null ? '–' : fixed(predictionScore)],
      ['expected accuracy', share(expectedAccuracy)],
      [
        'accuracy by labels',
        accuracy === null ? 'no labels yet' : `${share(accuracy)} of ${count(labelled ?? 0)}`,
      ],
      ['report', report.id],
    ]),
    paragraph(report.summary),
    ...(report.recommendations ?? []).map((text) => paragraph(`→ ${text}`)),
  ];
}

function slices({ slices }: DriftReport): readonly Html[] {
  if (!slices || slices.length === 0) return [];
  const rows = slices.map(({ feature, bin, before, after }) => [feature, bin, share(before), share(after)]);
  return [dataTable(['feature', 'part', 'baseline', 'window'], rows)];
}

function distributions({ report, features }: ReportContent): readonly Html[] {
  const excess = (feature: string): number =>
    Math.max(
      0,
      ...report.statistics
        .filter((statistic) => statistic.feature === feature)
        .map(
          ({ value, threshold, drifted }) =>
            (drifted ? 1e6 : 0) + (threshold > 0 ? value / threshold : value),
        ),
    );
  const ordered = [...features].sort((a, b) => excess(b.baseline.feature) - excess(a.baseline.feature));
  const charts = ordered.slice(0, featuresMax).map((feature) => distribution(feature));
  return charts.length === 0 ? [] : [row(charts)];
}

function distribution({ baseline, aligned }: ReportContent['features'][number]): Html {
  const { names, expected, actual, missing } = aligned;
  const [before, after] = [sum(expected), sum(actual)];
  const bins = names.map((name, at) => ({
    name: describeBin(baseline, name),
    before: expected[at]! / Math.max(1, before),
    after: actual[at]! / Math.max(1, after),
  }));
  const largest =
    baseline.kind === 'categorical'
      ? bins.sort((a, b) => Math.max(b.before, b.after) - Math.max(a.before, a.after)).slice(0, categoriesMax)
      : bins;
  const chart = barChart({
    title: `${baseline.feature}: baseline and window`,
    categories: largest.map(({ name }) => name),
    series: [
      { name: 'baseline', values: largest.map((bin) => bin.before) },
      { name: 'window', values: largest.map((bin) => bin.after) },
    ],
    value: { name: 'share', min: 0 },
    horizontal: true,
    width: 520,
  });
  const left = bins.length - largest.length;
  const notes = [
    `${baseline.feature}: ${count(after)} messages against ${count(before)}`,
    ...(left > 0 ? [`${left} rarer values left out`] : []),
    ...(missing.actual > 0 ? [`${count(missing.actual)} without a value`] : []),
  ];
  return figure(chart, `${notes.join('; ')}.`);
}

function confidence({ confidences }: ReportContent): readonly Html[] {
  const labels = [...new Set(confidences.map(({ label }) => label))];
  if (labels.length === 0) return [];
  const rows = labels
    .map((label) => {
      const bins = confidences.filter((bin) => bin.label === label);
      const results = sum(bins.map(({ count }) => count));
      const unsure = sum(bins.filter(({ bin }) => bin < 30).map(({ count }) => count));
      return [label, results, sum(bins.map((bin) => bin.sum)) / results, unsure / results] as const;
    })
    .sort((a, b) => b[1] - a[1])
    .slice(0, categoriesMax)
    .map(([label, results, mean, unsure]) => [label, results, share(mean), share(unsure)]);
  return [dataTable(['answer', 'messages', 'mean confidence', 'below 60 %'], rows)];
}

function examples({ examples }: ReportContent): readonly Html[] {
  if (examples.length === 0) return [];
  const rows = examples.map(({ text, messageId, tenant, eventTime }) => [
    cut(text),
    messageId,
    tenant,
    iso(eventTime),
  ]);
  return [
    paragraph('Messages from the parts that grew, as they were written.'),
    dataTable(['text', 'message', 'tenant', 'time'], rows),
  ];
}

function statistics({ statistics }: DriftReport): readonly Html[] {
  if (statistics.length === 0) return [];
  const rows = [...statistics]
    .sort((a, b) => Number(b.drifted) - Number(a.drifted))
    .map(({ feature, statistic, value, threshold, pValue, drifted }) => [
      feature,
      statistic,
      fixed(value),
      fixed(threshold),
      pValue === null ? null : pValue.toExponential(1),
      drifted ? 'drifted' : 'stable',
    ]);
  return [dataTable(['feature', 'statistic', 'value', 'threshold', 'p, corrected', 'verdict'], rows)];
}

const cut = (text: string): string => (text.length > 400 ? `${text.slice(0, 400)}…` : text);
const iso = (ms: number): string => new Date(ms).toISOString();
const count = (value: number): string => value.toLocaleString('en-US');
const share = (value: number | null): string => (value === null ? '–' : `${(100 * value).toFixed(1)} %`);
const fixed = (value: number | null): string => (value === null ? '–' : value.toFixed(4));
