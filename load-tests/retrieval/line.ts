// A line of the retrieval table: what a method reaches on a set, and whether that is more than the first method did.
import { bootstrap, percentileInterval } from '../../trainers/evaluation/bootstrap.ts';
import {
  judgeMeasures,
  type RankingJudgement,
  type RankingMeasures,
} from '../../trainers/ranking/judgement.ts';

export interface Line {
  readonly set: string;
  readonly method: string;
  readonly judgement: RankingJudgement;
  /** Ends of the paired 95 % interval of what it gains over the first method of the set. */
  readonly gains?: Readonly<Record<'mrr' | 'map', readonly [low: number, high: number]>>;
}

/** Measures of one method on the questions of a set, in the order of the questions. */
export type Measured = readonly [method: string, measures: readonly RankingMeasures[]];

/** Lines of a set; the first method is what the others are compared with. */
export async function linesOf(
  set: string,
  methods: readonly Measured[],
  seed: number,
): Promise<readonly Line[]> {
  const [, base] = methods[0]!;
  const lines: Line[] = [];
  for (const [method, measures] of methods) {
    const judgement = await judgeMeasures(measures, seed);
    if (measures === base) lines.push({ set, method, judgement });
    else lines.push({ set, method, judgement, gains: await gainsOver(base, measures, seed) });
  }
  return lines;
}

async function gainsOver(
  base: readonly RankingMeasures[],
  measures: readonly RankingMeasures[],
  seed: number,
): Promise<NonNullable<Line['gains']>> {
  const gained = (figure: 'mrr' | 'map') =>
    measures.map((measure, at) => measure[figure] - base[at]![figure]);
  const differences = [gained('mrr'), gained('map')];
  const draws = await bootstrap({ rows: base.length, times: 1_000, seed }, (drawn) =>
    differences.map((values) => values.reduce((sum, value, at) => sum + value * drawn[at]!, 0) / base.length),
  );
  const [mrr, map] = draws.map(
    (values) => percentileInterval(values) ?? { low: Number.NaN, high: Number.NaN },
  );
  return { mrr: [mrr!.low, mrr!.high], map: [map!.low, map!.high] };
}
