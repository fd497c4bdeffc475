// Questions with their candidates, from examples: a question, a candidate and 1 or 0 for whether it answers.
import { asQuery, Bm25Index } from '../../processors/retrieval/bm25.ts';
import { termsOf } from '../../processors/retrieval/terms.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Row } from '../data-sets/rows.ts';
import type { Example } from '../trainer.ts';

/** A question with what may answer it. */
export interface Question {
  readonly text: string;
  readonly candidates: readonly string[];
  /** For each candidate, whether it answers the question. */
  readonly relevant: readonly boolean[];
  /** How much it counts beside others: the weight of its first example. */
  readonly weight: number;
}

/** Examples of a row as trainers/ranking/prepare.ts writes them: one for each candidate. */
export const questionExamples = (row: Row): readonly Example[] => {
  const relevant = row.relevant as readonly number[];
  return (row.candidates as readonly string[]).map((second, at) => ({
    text: String(row.question),
    second,
    labels: [],
    values: [relevant.includes(at) ? 1 : 0],
  }));
};

/** Questions in the order they first stand in, with their candidates. */
export function questionsOf(examples: readonly Example[]): readonly Question[] {
  const groups = new Map<string, { candidates: string[]; relevant: boolean[]; weight: number }>();
  for (const { text, second, values, weight } of examples) {
    if (second === undefined || values?.length !== 1) {
      throw new Misconfigured('a ranker learns from pairs of a question and a candidate, valued 0 or 1', {
        code: 'data-unfit',
        fix: 'Give each example a second text and one value, as questionExamples of trainers/ranking/questions.ts does.',
      });
    }
    const group = groups.get(text) ?? { candidates: [], relevant: [], weight: weight ?? 1 };
    group.candidates.push(second);
    group.relevant.push(values[0]! > 0);
    groups.set(text, group);
  }
  return [...groups].map(([text, group]) => ({ text, ...group }));
}

/** Questions of which the right answer can be told from a wrong one. */
export const isDecidable = ({ relevant }: Question): boolean =>
  relevant.includes(true) && relevant.includes(false);

/**
 * Gives questions whose candidates are all right the `count` best matching answers of other questions as wrong ones:
 * those that share words are what a ranker must learn to see through.
 */
export function withMined(questions: readonly Question[], count: number): readonly Question[] {
  const pool = [...new Set(questions.flatMap(({ candidates }) => candidates))];
  const index = new Bm25Index(pool.map(termsOf));
  return questions.map((question) => {
    if (count === 0 || question.relevant.includes(false)) return question;
    const right = new Set(question.candidates);
    const mined = index
      .search(asQuery(termsOf(question.text)), count + right.size)
      .map(({ passage }) => pool[passage]!)
      .filter((text) => !right.has(text))
      .slice(0, count);
    return {
      ...question,
      candidates: [...question.candidates, ...mined],
      relevant: [...question.relevant, ...mined.map(() => false)],
    };
  });
}
