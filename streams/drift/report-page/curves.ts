// A drift report’s curves: statistics in parts of their threshold, scores, expected and true accuracy, window by window.
import type { DriftReport } from '../../../schemas/drift-report.ts';
import { type LineSeries, lineChart } from '../../../trainers/report/chart.ts';
import { figure, type Html, row } from '../../../trainers/report/page.ts';
import type { ReportContent } from './content.ts';

/** Statistics that have a curve: those that are furthest now. */
const curvesMax = 5;

/** Empty until there are two windows to draw a line between. */
export function overTime(content: ReportContent): readonly Html[] {
  const { history } = content;
  if (history.length < 2) return [];
  return [row([statisticsOverTime(content), scoresOverTime(history), ...accuracyOverTime(content)])];
}

function statisticsOverTime({ report, history }: ReportContent): Html {
  const places = hoursBefore(report);
  const furthest = [...report.statistics]
    .filter(({ threshold }) => threshold > 0)
    .sort((a, b) => b.value / b.threshold - a.value / a.threshold)
    .slice(0, curvesMax);
  const series = furthest.map(({ feature, statistic }) => ({
    name: `${feature} ${statistic}`,
    marked: true,
    points: history.flatMap((each) => {
      const found = each.statistics.find((one) => one.feature === feature && one.statistic === statistic);
      return found && found.threshold > 0
        ? [[places(each.windowEnd), found.value / found.threshold] as const]
        : [];
    }),
  }));
  return figure(
    lineChart({
      title: 'Statistics over time',
      x: hours,
      y: { name: 'value / threshold', min: 0 },
      series: [...series, level('threshold', 1, history, places)],
      width: 520,
    }),
    'Statistics furthest from the baseline now, in parts of their thresholds: 1 is drift.',
  );
}

function scoresOverTime(history: readonly DriftReport[]): Html {
  const places = hoursBefore(history.at(-1)!);
  const curve = (name: string, of: (report: DriftReport) => number | null): LineSeries => ({
    name,
    marked: true,
    points: history.flatMap((each) => {
      const value = of(each);
      return value === null ? [] : [[places(each.windowEnd), value] as const];
    }),
  });
  return figure(
    lineChart({
      title: 'Scores over time',
      x: hours,
      y: { name: '', min: 0 },
      series: [
        curve('features drifted (share)', ({ dataScore }) => dataScore),
        curve('answers (distance)', ({ predictionScore }) => predictionScore),
      ],
      width: 520,
    }),
    'Share of the features that drifted, and distance of the answers from the baseline.',
  );
}

function accuracyOverTime({ report, history, accuracies }: ReportContent): readonly Html[] {
  const places = hoursBefore(report);
  const expected = history.flatMap(({ windowEnd, expectedAccuracy }) =>
    expectedAccuracy === null ? [] : [[places(windowEnd), expectedAccuracy] as const],
  );
  if (expected.length === 0) return [];
  const known = accuracies.map(({ windowEnd, accuracy }) => [places(windowEnd), accuracy] as const);
  const labelled = accuracies.reduce((all, each) => all + each.labelled, 0);
  return [
    figure(
      lineChart({
        title: 'Expected and true accuracy over time',
        x: hours,
        y: { name: 'accuracy', max: 1 },
        series: [
          { name: 'expected', marked: true, points: expected },
          ...(known.length > 0 ? [{ name: 'by labels', marked: true, points: known }] : []),
        ],
        width: 520,
      }),
      known.length > 0
        ? `What the confidences promise, and what ${labelled} labels that came so far say.`
        : 'What the confidences promise; no labels have come yet.',
    ),
  ];
}

const hours = { name: 'hours before this window’s end' };

const hoursBefore =
  (report: DriftReport) =>
  (windowEnd: number): number =>
    (windowEnd - report.windowEnd) / 3_600_000;

const level = (
  name: string,
  value: number,
  history: readonly DriftReport[],
  places: (windowEnd: number) => number,
): LineSeries => ({
  name,
  dashed: true,
  points: [history[0]!, history.at(-1)!].map(({ windowEnd }) => [places(windowEnd), value] as const),
});
