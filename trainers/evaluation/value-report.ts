// The predicted values of one output as parts of the evaluation's page.
import { barChart, scatterChart } from '../report/chart.ts';
import { facts, figure, type Html, row } from '../report/page.ts';
import type { Evaluation } from './evaluation.ts';
import { figureText } from './figure-text.ts';

/** Figures, true against predicted, and the spread of the errors. */
export function valueParts(
  set: string,
  { label, figures, pairs }: NonNullable<Evaluation['values']>[number],
): readonly Html[] {
  const gaps = pairs.map(([truth, said]) => said - truth);
  const edges = Array.from({ length: 12 }, (_, at) => -30 + 5 * at);
  const counts = edges.map(
    (edge, at) =>
      gaps.filter((gap) => (at === 0 || gap >= edge) && (at === edges.length - 1 || gap < edge + 5)).length,
  );
  return [
    facts(Object.entries(figures).map(([name, value]) => [`${label}: ${name}`, figureText(name, value)])),
    row([
      figure(
        scatterChart({
          title: `${label}, ${set}`,
          x: { name: 'true' },
          y: { name: 'said' },
          points: pairs,
          diagonal: true,
          width: 520,
        }),
        `${label}: true and predicted values; on the dashed line they are equal.`,
      ),
      figure(
        barChart({
          title: `Errors of ${label}, ${set}`,
          categories: edges.map((edge, at) =>
            at === 0 ? `< ${edge + 5}` : at === edges.length - 1 ? `≥ ${edge}` : `${edge}…${edge + 5}`,
          ),
          series: [{ name: 'rows', values: counts }],
          value: { name: 'rows' },
          width: 520,
        }),
        'How far off it is, predicted less true.',
      ),
    ]),
  ];
}
