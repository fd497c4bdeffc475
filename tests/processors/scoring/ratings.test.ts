// The quality rules against ratings they were not fitted to: the other half of the rated prompts, and the crowd’s votes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanText } from '../../../processors/features/cleaning.ts';
import { createVector } from '../../../processors/features/vector.ts';
import { qualityOf } from '../../../processors/scoring/quality.ts';
import { subScores } from '../../../processors/scoring/rules.ts';
import { foldOf } from '../../../trainers/data-sets/partition.ts';
import { readRows, textKey, textOf } from '../../../trainers/data-sets/rows.ts';
import { spearman } from '../../../trainers/evaluation/correlation.ts';
import { meanAbsoluteError } from '../../../trainers/evaluation/values.ts';

const vector = createVector();
const read = async (file: string) =>
  (await readRows(`trainers/data/prompt-quality/${file}.jsonl.gz`)).map((row) => {
    const text = cleanText(textOf(row));
    return { row, text, said: qualityOf(vector(text)) };
  });
const rated = await read('all');
/** The rules’ points follow half 0 of a cut by the text, and the first turns. */
const isFitted = (text: string): boolean => foldOf(text, 1, 2) === 0;
const others = rated.filter(({ text }) => !isFitted(text));

test('on ratings they were not fitted to, the rules rank by quality, and better than length does', () => {
  assert.equal(others.length, 172);
  const truth = others.map(({ row }) => Number(row.quality));
  const byRules = spearman(
    others.map(({ said }) => said.quality),
    truth,
  );
  const byLength = spearman(
    others.map(({ text }) => text.length),
    truth,
  );
  assert.ok(byRules > 0.26 && byRules > byLength + 0.1, `rules ${byRules}, length ${byLength}`);
});

test('every sub-score ranks its own ratings and lies at their level', () => {
  const least = {
    clarity: [0.22, 18],
    specificity: [0.35, 17],
    structure: [0.22, 9],
    context: [0.22, 30],
  } as const;
  for (const score of subScores) {
    const truth = others.map(({ row }) => Number(row[score]));
    const said = others.map((other) => other.said[score]);
    const [correlation, distance] = [spearman(said, truth), meanAbsoluteError(truth, said)];
    assert.ok(correlation > least[score][0], `${score}: Spearman ${correlation}`);
    assert.ok(distance < least[score][1], `${score}: ${distance} points away`);
  }
});

test('the crowd’s votes on other prompts: no worse than length', async () => {
  const fitted = new Set(rated.filter(({ text }) => isFitted(text)).map(({ text }) => textKey(text)));
  const crowd = (await read('crowd')).filter(({ text }) => !fitted.has(textKey(text)));
  assert.equal(crowd.length, 613);
  const votes = crowd.map(({ row }) => Number(row.quality));
  const byRules = spearman(
    crowd.map(({ said }) => said.quality),
    votes,
  );
  const byLength = spearman(
    crowd.map(({ text }) => text.length),
    votes,
  );
  assert.ok(byRules > 0.25 && byRules >= byLength, `rules ${byRules}, length ${byLength}`);
});
