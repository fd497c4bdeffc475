// The data quality report as a page for people.
import { barChart } from '../report/chart.ts';
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
import type { Distribution } from './distribution.ts';
import type { QualityReport } from './quality-report.ts';

const labelsShown = 40;
const textShown = 240;

/** One self-contained HTML page. */
export const qualityPage = (report: QualityReport): string =>
  htmlPage({
    title: `Data quality of ${report.set}`,
    subtitle: report.doc,
    sections: [
      overview(report),
      labels(report),
      lengths(report),
      duplicates(report),
      leakage(report),
      suspicious(report),
    ],
  });

function overview({ hash, inspection, near, leakage, suspicious }: QualityReport): PageSection {
  const { rows, omitted, duplicates, conflicting, violations } = inspection;
  const leaking = leakage.reduce((sum, leak) => sum + leak.exact + leak.near, 0);
  const held =
    violations.length === 0
      ? [paragraph('Every constraint of the manifest holds.')]
      : [
          paragraph('Constraints of the manifest that do not hold:'),
          dataTable(
            ['constraint'],
            violations.map((text) => [text]),
          ),
        ];
  return {
    title: 'Overview',
    body: [
      facts([
        ['rows', shown(rows)],
        ['missing', shown(omitted.missing)],
        ['unreadable', shown(omitted['invalid-utf8'] + omitted.malformed)],
        ['left out by the manifest', shown(omitted.unmapped + omitted.short)],
        ['duplicates', shown(duplicates)],
        ['near duplicates', shown(near.rows)],
        ['conflicting labels', shown(conflicting)],
        ['leaking between splits', shown(leaking)],
        ['suspicious labels', suspicious === null ? '–' : shown(suspicious.found)],
        ['manifest', hash.slice(0, 12)],
      ]),
      ...held,
    ],
  };
}

const shown = (value: number): string => value.toLocaleString('en-US');

function labels({ inspection, scores, slices }: QualityReport): PageSection {
  const splits = Object.entries(inspection.splits).filter(([, { rows }]) => rows > 0);
  const totals = new Map<string, number>();
  for (const [, { labels }] of splits)
    for (const [label, rows] of Object.entries(labels)) totals.set(label, (totals.get(label) ?? 0) + rows);
  const names = [...totals].sort(([, a], [, b]) => b - a).map(([label]) => label);
  const first = names.slice(0, labelsShown);
  const chart = barChart({
    title: 'Labels by split',
    categories: first,
    horizontal: true,
    value: { name: 'share of the split', min: 0 },
    series: splits.map(([name, { rows, labels }]) => ({
      name,
      values: first.map((label) => (labels[label] ?? 0) / rows),
    })),
  });
  const counts = dataTable(
    ['split', 'rows', ...first.slice(0, 12)],
    splits.map(([name, { rows, labels }]) => [
      name,
      rows,
      ...first.slice(0, 12).map((label) => labels[label] ?? 0),
    ]),
  );
  const more =
    names.length > first.length ? ` The ${first.length} most frequent of ${names.length} labels.` : '';
  return {
    title: 'Labels and splits',
    body: [
      counts,
      ...(first.length === 0
        ? []
        : [figure(chart, `Share of each label within its split; splits should agree.${more}`)]),
      ...(scores === null ? [] : [histogram('Scores', scores, 'score')]),
      ...Object.entries(slices).map(([column, values]) =>
        dataTable([column, 'rows'], Object.entries(values).slice(0, labelsShown)),
      ),
    ],
  };
}

const lengths = ({ words, characters }: QualityReport): PageSection => ({
  title: 'Lengths',
  body: [
    row([
      histogram('Words', words, 'words of a text'),
      histogram('Characters', characters, 'characters of a text'),
    ]),
  ],
});

function histogram(title: string, distribution: Distribution, name: string): Html {
  const { least, p5, median, p95, most, mean } = distribution;
  const chart = barChart({
    title,
    categories: distribution.histogram.map(({ from }) => String(from)),
    series: [{ name, values: distribution.histogram.map(({ count }) => count) }],
    value: { name: 'rows', min: 0 },
  });
  const figures = `least ${least}, 5 % below ${p5}, median ${median}, mean ${mean.toFixed(1)}, 5 % above ${p95}, most ${most}`;
  return figure(chart, `${title}: ${figures}. The last bar holds all above.`);
}

function duplicates({ near, inspection }: QualityReport): PageSection {
  const said = `${shown(inspection.duplicates)} rows repeat a text of their split (compared by letters and digits in lower case); ${shown(near.rows)} more are nearly the same as one before (Jaccard similarity of character 5-grams from ${near.threshold}).`;
  const pairs = near.pairs.map(({ text, before }) => [cut(text), cut(before)]);
  return {
    title: 'Duplicates',
    body: [
      paragraph(said),
      ...(pairs.length === 0 ? [] : [dataTable(['text', 'nearly the same as'], pairs)]),
    ],
  };
}

function leakage({ leakage }: QualityReport): PageSection {
  if (leakage.length === 0)
    return { title: 'Leakage', body: [paragraph('No text of a split is in another one.')] };
  const counts = leakage.map(({ split, also, exact, near, otherAnswer }) => [
    split,
    also,
    exact,
    near,
    otherAnswer,
  ]);
  const texts = leakage.flatMap(({ split, also, texts }) => texts.map((text) => [split, also, cut(text)]));
  return {
    title: 'Leakage',
    body: [
      paragraph('Rows of a split whose text is also in another: figures on them flatter.'),
      dataTable(['rows of', 'also in', 'same', 'nearly the same', 'with another answer'], counts),
      dataTable(['split', 'also in', 'text'], texts),
    ],
  };
}

function suspicious({ suspicious: found }: QualityReport): PageSection {
  const title = 'Suspicious labels';
  if (found === null)
    return { title, body: [paragraph('There is nothing to doubt: no labels, one only, or few rows.')] };
  const rows = found.worst.map(({ text, given, believed, suggested, probability }) => [
    cut(text),
    given,
    believed,
    suggested,
    probability,
  ]);
  return {
    title,
    body: [
      paragraph(
        `${shown(found.found)} of ${shown(found.judged)} rows looked at: ${found.method}. A reason to look, not to drop.`,
      ),
      dataTable(['text', 'given', 'believed', 'suggested', 'probability'], rows),
    ],
  };
}

const cut = (text: string): string => (text.length > textShown ? `${text.slice(0, textShown - 1)}…` : text);
