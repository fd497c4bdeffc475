// Figures of a model that ranks: how well its scores order the candidates of each question.
import type { Example } from '../trainer.ts';
import type { ValueAnswers } from './answers.ts';
import { averagePrecisionOf, ndcgAt, recallAt, reciprocalRank } from './rankings.ts';

export const rankingFigureNames = ['mrr', 'map', 'ndcg5', 'ndcg10', 'recall5'] as const;

/** The measures of one question, in the order of their names. */
export type Question = readonly number[];

/**
 * Questions of pairs: candidates (`second`) of the same text, relevant by their value. Questions without a relevant
 * candidate are left out, as is usual; of equal scores the worst order is taken, so that ties earn nothing. Empty where
 * the examples are no pairs.
 */
export function questionsOf(
  examples: readonly Example[],
  outputs: readonly ValueAnswers[],
): readonly Question[] {
  const [output] = outputs;
  if (output === undefined || outputs.length > 1 || examples.some(({ second }) => second === undefined))
    return [];
  const rows = new Map<string, number[]>();
  examples.forEach(({ text }, row) => {
    const known = rows.get(text);
    if (known) known.push(row);
    else rows.set(text, [row]);
  });
  const { truth, said } = output;
  return [...rows.values()]
    .map((own) => own.sort((a, b) => said[b]! - said[a]! || truth[a]! - truth[b]!).map((row) => truth[row]!))
    .filter((ordered) => ordered.some((relevance) => relevance > 0))
    .map((ordered) => [
      reciprocalRank(ordered),
      averagePrecisionOf(ordered),
      ndcgAt(5, ordered),
      ndcgAt(10, ordered),
      recallAt(5, ordered),
    ]);
}

/** Means over questions, which count as often as they were drawn. */
export function rankingFigures(questions: readonly Question[], drawn?: ArrayLike<number>): readonly number[] {
  const sums = rankingFigureNames.map(() => 0);
  let total = 0;
  questions.forEach((question, at) => {
    const weight = drawn === undefined ? 1 : drawn[at]!;
    total += weight;
    question.forEach((value, name) => {
      sums[name]! += weight * value;
    });
  });
  return sums.map((sum) => sum / total);
}
