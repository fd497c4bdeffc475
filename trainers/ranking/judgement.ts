// How well a scorer puts right answers first, over many questions, with bootstrap intervals.
import { answer, type Input, type Model } from '../../processors/inference/model.ts';
import { bootstrap, type Interval, percentileInterval } from '../evaluation/bootstrap.ts';
import { averagePrecisionOf, ndcgAt, reciprocalRank } from '../evaluation/rankings.ts';
import type { Example } from '../trainer.ts';
import { isDecidable, questionsOf } from './questions.ts';

/** Means over questions, 0–1: mean reciprocal rank, mean average precision, discounted gain of the first 5 and 10. */
export const rankingFigures = ['mrr', 'map', 'ndcg5', 'ndcg10'] as const;
export type RankingFigure = (typeof rankingFigures)[number];
export type RankingMeasures = Readonly<Record<RankingFigure, number>>;

/** Means over questions, and where each lies 95 times of 100. */
export interface RankingJudgement extends RankingMeasures {
  readonly questions: number;
  readonly intervals: Readonly<Record<RankingFigure, Interval>>;
}

/**
 * Measures of one ranking: the gain of each answer from the first on (0 for a wrong one), and the gains of all right
 * answers there are, in any order. Gains enter linearly.
 */
export function measureRanking(
  ranked: readonly number[],
  allGains: readonly number[] = ranked,
): RankingMeasures {
  const right = allGains.filter((gain) => gain > 0).length;
  return {
    mrr: reciprocalRank(ranked),
    map: averagePrecisionOf(ranked, right),
    ndcg5: ndcgAt(5, ranked, allGains),
    ndcg10: ndcgAt(10, ranked, allGains),
  };
}

/** Gains of candidates in the order of their scores; of equal scores the wrong ones first, so that ties earn nothing. */
export const rankedGains = (scores: ArrayLike<number>, relevant: readonly boolean[]): readonly number[] =>
  relevant
    .map((isRight, at) => ({ gain: isRight ? 1 : 0, score: scores[at]! }))
    .sort((a, b) => b.score - a.score || a.gain - b.gain)
    .map(({ gain }) => gain);

/** Means and their intervals. Throws nothing for no questions: all figures are NaN then. */
export async function judgeMeasures(
  measures: readonly RankingMeasures[],
  seed: number,
): Promise<RankingJudgement> {
  const meansOf = (counts: ArrayLike<number>) =>
    rankingFigures.map(
      (figure) =>
        measures.reduce((sum, measure, at) => sum + measure[figure] * counts[at]!, 0) / measures.length,
    );
  const plain = meansOf(new Int32Array(measures.length).fill(1));
  const draws = await bootstrap({ rows: measures.length, times: 1_000, seed }, meansOf);
  const named = <Value>(values: readonly Value[]) =>
    Object.fromEntries(rankingFigures.map((figure, at) => [figure, values[at]!])) as Record<
      RankingFigure,
      Value
    >;
  const nothing = { low: Number.NaN, high: Number.NaN };
  return {
    ...named(plain),
    questions: measures.length,
    intervals: named(draws.map((values) => percentileInterval(values) ?? nothing)),
  };
}

/**
 * Judges a ranker on pairs as trainers learn from them, question by question. Questions without a right or without a
 * wrong answer are left out: every order of their candidates is as good.
 */
export async function judgeRanker(
  model: Model,
  examples: readonly Example[],
  seed = 1,
): Promise<RankingJudgement> {
  const measures: RankingMeasures[] = [];
  for (const { text, candidates, relevant } of questionsOf(examples).filter(isDecidable)) {
    const scores = await answer(
      model,
      candidates.map((candidate): Input => [text, candidate]),
    );
    measures.push(measureRanking(rankedGains(scores, relevant)));
  }
  return judgeMeasures(measures, seed);
}
