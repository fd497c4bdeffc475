// The evaluation of releases as one HTML page.
import { heatMap, intervalChart, lineChart } from '../report/chart.ts';
import {
  dataTable,
  facts,
  figure,
  type Html,
  htmlPage,
  type PageSection,
  paragraph,
  row,
} from '../report/page.ts';
import { comparisonSections } from './comparison-report.ts';
import type { Comparison, Evaluation } from './evaluation.ts';
import { figureText } from './figure-text.ts';
import { valueParts } from './value-report.ts';

/** Everything that was measured about one release, and about how it differs from another. */
export interface Report {
  readonly evaluations: readonly Evaluation[];
  readonly comparisons: readonly Comparison[];
}

/** The page: an overview, then each set, then each comparison. */
export function printReport({ evaluations, comparisons }: Report): string {
  const { release } = evaluations[0]!;
  const against = comparisons[0]?.second;
  return htmlPage({
    title: `Evaluation of ${release}`,
    subtitle: `${evaluations.length} held-out ${evaluations.length === 1 ? 'set' : 'sets'}, ${evaluations.reduce((sum, { samples }) => sum + samples, 0)} rows${against === undefined ? '' : `, against ${against}`}. Intervals hold the true figure 95 times of 100.`,
    sections: [
      overview(evaluations),
      ...comparisons.flatMap(comparisonSections),
      ...evaluations.flatMap(setSections),
    ],
  });
}

function overview(evaluations: readonly Evaluation[]): PageSection {
  const first = evaluations[0]!;
  const names = [...new Set(evaluations.flatMap(({ figures }) => Object.keys(figures)))];
  const latency = first.latency;
  const speed: (readonly [string, string])[] =
    latency === undefined
      ? []
      : [
          ['one text, p50 / p95', `${latency.single.p50.toFixed(3)} / ${latency.single.p95.toFixed(3)} ms`],
          [
            '64 together, p50 / p95 each',
            `${latency.batch64.p50.toFixed(3)} / ${latency.batch64.p95.toFixed(3)} ms`,
          ],
          ['texts a second, batches of 64', String(latency.batch64.textsPerSecond)],
          ['measured on', `${latency.machine}, one thread of it`],
        ];
  return {
    title: 'Overview',
    body: [
      facts([
        ['release', first.release],
        ['kind', `${first.kind}, ${first.activation}`],
        ['size', `${(first.bytes / 1e6).toFixed(2)} MB`],
        ...speed,
      ]),
      dataTable(
        ['figure', ...evaluations.map(({ set, samples }) => `${set} (n = ${samples})`)],
        names.map((name) => [
          name,
          ...evaluations.map(({ figures }) => (figures[name] ? figureText(name, figures[name]) : null)),
        ]),
      ),
    ],
  };
}

function setSections(evaluation: Evaluation): readonly PageSection[] {
  const { set, labelling, values } = evaluation;
  return [
    ...(labelling ? [{ title: `${set}: labels`, body: labelParts(evaluation, labelling) }] : []),
    ...(values ? [{ title: `${set}: values`, body: values.flatMap((value) => valueParts(set, value)) }] : []),
    { title: `${set}: slices`, body: slicePart(evaluation) },
    { title: `${set}: worst errors`, body: [worstTable(evaluation)] },
  ];
}

type Labelling = NonNullable<Evaluation['labelling']>;

function labelParts({ set, labels }: Evaluation, labelling: Labelling): readonly Html[] {
  const { perLabel, confusion } = labelling;
  const seen = perLabel.flatMap(({ support }, at) =>
    support > 0 || (confusion?.some((cells) => cells[at]! > 0) ?? false) ? [at] : [],
  );
  return [
    ...(confusion ? [confusionPart(set, labels, confusion, seen), confusedTable(labels, confusion)] : []),
    row([reliabilityChart(set, labelling), answeringChart(set, labelling)]),
    ...(labelling.curves.length > 0 ? [row(curveCharts(set, labelling))] : []),
    dataTable(
      ['label', 'n', 'precision', 'recall', 'F1', 'ROC-AUC', 'average precision'],
      perLabel.map(({ label, support, precision, recall, f1, auc, averagePrecision }) => [
        label,
        support,
        fixed(precision),
        fixed(recall),
        fixed(f1),
        fixed(auc),
        fixed(averagePrecision),
      ]),
    ),
  ];
}

const fixed = (value: number | null): number | null =>
  value === null ? null : Math.round(value * 1e4) / 1e4;

function confusionPart(
  set: string,
  labels: readonly string[],
  confusion: readonly (readonly number[])[],
  seen: readonly number[],
): Html {
  const names = seen.map((at) => labels[at]!);
  const sums = seen.map((at) =>
    Math.max(
      1,
      confusion[at]!.reduce((sum, count) => sum + count, 0),
    ),
  );
  const shares = seen.map((from, at) => seen.map((to) => confusion[from]![to]! / sums[at]!));
  const isSmall = seen.length <= 16;
  const chart = heatMap({
    title: `Confusion, ${set}`,
    rows: { name: 'holds', labels: names },
    columns: { name: 'called', labels: names },
    shares,
    ...(isSmall ? { text: (from: number, to: number) => String(confusion[seen[from]!]![seen[to]!]!) } : {}),
    width: Math.min(1_100, 360 + 34 * seen.length),
  });
  return figure(
    chart,
    `What holds (rows) and what it was called (columns): the shade is the share of the row${isSmall ? ', the number how many' : ''}.`,
  );
}

const confusedMax = 15;

/** The pairs of labels that are taken for each other most often. */
function confusedTable(labels: readonly string[], confusion: readonly (readonly number[])[]): Html {
  const pairs = confusion.flatMap((counts, held) => {
    const rows = counts.reduce((sum, count) => sum + count, 0);
    return counts.flatMap((count, called) =>
      held === called || count === 0 ? [] : [{ held, called, count, rows }],
    );
  });
  const most = pairs.sort((a, b) => b.count - a.count).slice(0, confusedMax);
  return dataTable(
    ['holds', 'called', 'rows', 'of the rows that hold it'],
    most.map(({ held, called, count, rows }) => [
      labels[held]!,
      labels[called]!,
      count,
      `${((100 * count) / rows).toFixed(1)} %`,
    ]),
  );
}

const unit = { min: 0, max: 1 } as const;
const diagonal = {
  name: 'ideal',
  dashed: true,
  points: [
    [0, 0],
    [1, 1],
  ] as const,
};

function reliabilityChart(set: string, { reliability }: Labelling): Html {
  const points = reliability
    .filter(({ rows }) => rows > 0)
    .map(({ confidence, accuracy }) => [confidence, accuracy] as const);
  const chart = lineChart({
    title: `Reliability, ${set}`,
    x: { name: 'confidence', ...unit },
    y: { name: 'right', ...unit },
    series: [{ name: 'measured', points, marked: true }, diagonal],
    width: 520,
  });
  return figure(
    chart,
    'How often answers of a confidence are right, in fifteen bins; on the dashed line they promise what they keep.',
  );
}

function answeringChart(set: string, { answering }: Labelling): Html {
  const chart = lineChart({
    title: `Abstention, ${set}`,
    x: { name: 'share answered', ...unit },
    y: { name: 'right', max: 1 },
    series: [
      { name: 'measured', points: answering.map(({ answered, accuracy }) => [answered, accuracy] as const) },
      {
        name: 'promised',
        points: answering.map(({ answered, expected }) => [answered, expected] as const),
        dashed: true,
      },
    ],
    width: 520,
  });
  return figure(
    chart,
    'Accuracy when only the surest answers are given, and the mean confidence of those answers.',
  );
}

function curveCharts(set: string, { curves }: Labelling): readonly Html[] {
  const roc = lineChart({
    title: `ROC, ${set}`,
    x: { name: 'false positive rate', ...unit },
    y: { name: 'recall', ...unit },
    series: [
      ...curves.map(({ label, roc: points }) => ({ name: label, points })),
      { ...diagonal, name: 'chance' },
    ],
    width: 520,
  });
  const precisionRecall = lineChart({
    title: `Precision and recall, ${set}`,
    x: { name: 'recall', ...unit },
    y: { name: 'precision', ...unit },
    series: curves.map(({ label, precisionRecall: points }) => ({ name: label, points })),
    width: 520,
  });
  return [
    figure(roc, 'ROC: what is found against what is called wrongly.'),
    figure(precisionRecall, 'Precision against recall.'),
  ];
}

function slicePart({ set, slices, figures }: Evaluation): readonly Html[] {
  if (slices.length === 0) return [paragraph('All rows are of one kind.')];
  const name = figures.accuracy ? 'accuracy' : 'mae';
  const columns = [...new Set(slices.map(({ column }) => column))];
  const charts = columns.map((column) => {
    const rows = slices.filter((slice) => slice.column === column && slice.figures[name]?.value != null);
    const chart = intervalChart({
      title: `${name} by ${column}, ${set}`,
      value: { name },
      rows: rows.map(({ value, samples, figures: own }) => {
        const { value: middle, low, high } = own[name]!;
        return { name: `${value} (${samples})`, value: middle!, low: low ?? middle!, high: high ?? middle! };
      }),
      ...(figures[name]?.value == null ? {} : { reference: figures[name].value }),
    });
    return figure(chart, `By ${column}, rows in brackets; dashed: over all rows.`);
  });
  const table = dataTable(
    ['slice', 'value', 'n', ...Object.keys(slices[0]!.figures)],
    slices.map(({ column, value, samples, figures: own }) => [
      column,
      value,
      samples,
      ...Object.entries(own).map(([figureName, one]) => figureText(figureName, one)),
    ]),
  );
  return [...charts, table];
}

const worstTable = ({ worst, activation }: Evaluation): Html =>
  worst.length === 0
    ? paragraph('No answer was wrong.')
    : dataTable(
        ['row', 'text', 'holds', 'said', activation === 'identity' ? 'off by' : 'confidence'],
        worst.map(({ row: at, text, held, said, severity }) => [at, text, held, said, severity]),
      );
