// The comparison of two releases as sections of the evaluation's page.
import { intervalChart } from '../report/chart.ts';
import { dataTable, facts, figure, type Html, type PageSection, paragraph } from '../report/page.ts';
import type { Comparison, Figure } from './evaluation.ts';

/** One section: verdict, differences, slices, where the two disagree. */
export function comparisonSections(comparison: Comparison): readonly PageSection[] {
  const { first, second, set, differences, slices, onlyFirstRight, onlySecondRight } = comparison;
  return [
    {
      title: `${set}: ${first} against ${second}`,
      body: [
        paragraph(verdict(comparison)),
        mcNemarFacts(comparison),
        dataTable(
          ['figure', first, second, 'difference'],
          Object.entries(differences).map(([name, one]) => [
            name,
            one.first,
            one.second,
            signed(one.difference),
          ]),
        ),
        ...(slices.length > 0 ? sliceParts(comparison) : []),
        ...disagreementParts(comparison, `Only ${first} is right`, onlyFirstRight),
        ...disagreementParts(comparison, `Only ${second} is right`, onlySecondRight),
      ],
    },
  ];
}

/** One sentence on whether the difference is more than chance. */
export function verdict({ first, second, differences, mcNemar }: Comparison): string {
  const leading = differences.accuracy ?? differences.mae;
  const name = differences.accuracy ? 'accuracy' : 'mean absolute error';
  const { value, low, high } = leading!.difference;
  if (value === null || low == null || high == null) return `${first} and ${second} cannot be told apart.`;
  const isMore = low > 0 || high < 0;
  const amount = differences.accuracy
    ? `${(100 * Math.abs(value)).toFixed(1)} points`
    : Math.abs(value).toFixed(3);
  const p = mcNemar.exact < 0.0001 ? 'p < 0.0001' : `p = ${mcNemar.exact.toFixed(4)}`;
  return isMore
    ? `The ${name} of ${first} is ${amount} ${value > 0 ? 'higher' : 'lower'} than that of ${second}: more than chance (McNemar ${p}).`
    : `The ${name} of ${first} and ${second} differ by ${amount}, which may be chance: the interval holds zero (McNemar ${p}).`;
}

const mcNemarFacts = ({ bothRight, bothWrong, mcNemar, first, second }: Comparison): Html =>
  facts([
    ['both right', String(bothRight)],
    [`only ${first}`, String(mcNemar.onlyFirst)],
    [`only ${second}`, String(mcNemar.onlySecond)],
    ['both wrong', String(bothWrong)],
    ['McNemar, exact p', mcNemar.exact.toPrecision(3)],
    ['chi-square, corrected', `${mcNemar.chiSquare.toFixed(3)} (p ${mcNemar.approximate.toPrecision(3)})`],
  ]);

function sliceParts({ set, first, second, slices }: Comparison): readonly Html[] {
  const rows = slices.map(({ column, value, samples, difference }) => ({
    name: `${column} ${value} (${samples})`,
    value: difference.value ?? 0,
    low: difference.low ?? difference.value ?? 0,
    high: difference.high ?? difference.value ?? 0,
  }));
  const chart = intervalChart({
    title: `Difference by slice, ${set}, ${first} and ${second}`,
    value: { name: `share right, ${first} less ${second}` },
    rows,
    reference: 0,
  });
  return [
    figure(
      chart,
      'Difference of the share that is right, slice by slice; right of the dashed line the first is better.',
    ),
    dataTable(
      ['slice', 'value', 'n', first, second, 'difference'],
      slices.map((slice) => [
        slice.column,
        slice.value,
        slice.samples,
        slice.first,
        slice.second,
        signed(slice.difference),
      ]),
    ),
  ];
}

function disagreementParts(
  { first, second }: Comparison,
  title: string,
  rows: Comparison['onlyFirstRight'],
): readonly Html[] {
  if (rows.length === 0) return [];
  return [
    paragraph(`${title} (the ${rows.length} that both were surest about):`),
    dataTable(
      ['row', 'text', 'holds', first, second],
      rows.map((row) => [row.row, row.text, row.held, row.first, row.second]),
    ),
  ];
}

function signed({ value, low, high }: Figure): string {
  const print = (number: number) => `${number > 0 ? '+' : ''}${number.toFixed(4)}`;
  if (value === null) return '–';
  return low == null || high == null ? print(value) : `${print(value)} [${print(low)} – ${print(high)}]`;
}
