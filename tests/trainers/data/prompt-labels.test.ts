// The labelled and rated prompts: what GUIDELINE.md says about them can be counted again from the files.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { cleanText } from '../../../processors/features/cleaning.ts';
import { type Row, readRows, textKey, textOf } from '../../../trainers/data-sets/rows.ts';
import { spearman } from '../../../trainers/evaluation/correlation.ts';

const data = 'trainers/data';
const read = (file: string) => readRows(`${data}/${file}.jsonl.gz`);
const splits = ['train', 'dev', 'test'] as const;
const bySplit = new Map<string, readonly Row[]>();
for (const split of splits) bySplit.set(split, await read(`prompt-intent/${split}`));
const labelled = [...bySplit.values()].flat();
const guideline = await readFile(`${data}/prompt-intent/GUIDELINE.md`, 'utf8');
const keyOf = (row: Row): string => textKey(cleanText(textOf(row)));

function countBy(rows: readonly Row[], column: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(String(row[column]), (counts.get(String(row[column])) ?? 0) + 1);
  return counts;
}

/** Agreement beyond chance of two readers (Cohen 1960). */
function kappaOf(rows: readonly Row[]): number {
  const [a, b] = [countBy(rows, 'labelA'), countBy(rows, 'labelB')];
  const observed = rows.filter(({ labelA, labelB }) => labelA === labelB).length / rows.length;
  let chance = 0;
  for (const [label, count] of a) chance += (count * (b.get(label) ?? 0)) / rows.length ** 2;
  return (observed - chance) / (1 - chance);
}

test('the two readers agreed as often as the guideline says', () => {
  const agreed = labelled.filter(({ labelA, labelB }) => labelA === labelB);
  assert.equal(((100 * agreed.length) / labelled.length).toFixed(1), '95.2');
  assert.equal(kappaOf(labelled).toFixed(3), '0.938');
  assert.match(guideline, /95\.2 % \(Cohen's kappa 0\.938\)/);
  assert.equal(labelled.length - agreed.length, 82);
  for (const { label, labelA, id } of agreed) assert.equal(label, labelA, String(id));
});

test('counts by label, source and split are those of the guideline, and every label of the guideline is used', () => {
  assert.equal(labelled.length, 1_692);
  const labels = countBy(labelled, 'label');
  for (const label of labels.keys()) assert.ok(guideline.includes(`| \`${label}\` |`), label);
  assert.equal(labels.size, 10);
  assert.deepEqual(
    ['summarization', 'context_qa_extraction', 'classification'].map((label) => labels.get(label)),
    [14, 17, 20],
  );
  assert.match(guideline, /classification are rare \(14, 17 and 20 prompts\)/);
  assert.deepEqual(
    [...countBy(labelled, 'src')].sort(([a], [b]) => (a < b ? -1 : 1)),
    [
      ['en_100_text', 92],
      ['hh-rlhf', 230],
      ['in3', 130],
      ['oasst-prompt-lottery', 248],
      ['oasst1-validation', 753],
      ['self-instruct', 239],
    ],
  );
  assert.deepEqual(
    splits.map((split) => bySplit.get(split)!.length),
    [849, 367, 476],
  );
  for (const { licence, src } of labelled) assert.equal(licence, src === 'hh-rlhf' ? 'MIT' : 'Apache-2.0');
});

test('no prompt is in two splits, and none that is learned from is shown or judged on elsewhere', async () => {
  const keys = labelled.map(keyOf);
  assert.equal(new Set(keys).size, keys.length);
  const elsewhere = new Set<string>();
  const others = [
    ...['samples/prompts', 'samples/comments', 'samples/shifted'].map((file) => `${file}.jsonl.gz`),
    ...['reference/prompts', 'prompt_intent10/test_dolly', 'prompt_intent10/dev', 'clinc150/dev'].map(
      (file) => `${data}/${file}.jsonl.gz`,
    ),
  ];
  for (const file of others) for (const row of await readRows(file)) elsewhere.add(keyOf(row));
  const leaked = bySplit.get('train')!.filter((row) => elsewhere.has(keyOf(row)));
  assert.deepEqual(
    leaked.map(({ id }) => id),
    [],
  );
});

test('Chinese prompts are in one split each, with labels of the guideline', async () => {
  const [learned, judged] = [
    await read('prompt-intent/chinese_train'),
    await read('prompt-intent/chinese_test'),
  ];
  assert.deepEqual([learned.length, judged.length], [702, 298]);
  const keys = new Set(learned.map(keyOf));
  assert.ok(judged.every((row) => !keys.has(keyOf(row))));
  const known = countBy(labelled, 'label');
  for (const { label, licence } of [...learned, ...judged]) {
    assert.ok(known.has(String(label)), String(label));
    assert.equal(licence, 'ODC-By-1.0');
  }
});

const subScores = ['clarity', 'specificity', 'structure', 'context', 'quality'] as const;

test('ratings are the means of two readings, in steps of five, and agree as the guideline says', async () => {
  const rated = await read('prompt-quality/all');
  assert.equal(rated.length, 330);
  const readings = (name: 'ratingsA' | 'ratingsB', at: number) =>
    rated.map((row) => (row[name] as readonly number[])[at]!);
  const agreement: string[] = [];
  subScores.forEach((score, at) => {
    const [a, b] = [readings('ratingsA', at), readings('ratingsB', at)];
    for (const [row, value] of rated.map((row) => Number(row[score])).entries()) {
      assert.equal(value, (a[row]! + b[row]!) / 2, `${score} of ${rated[row]!.id}`);
      assert.ok(a[row]! % 5 === 0 && b[row]! % 5 === 0 && value >= 0 && value <= 100);
    }
    agreement.push(spearman(a, b).toFixed(2));
  });
  assert.deepEqual(agreement, ['0.94', '0.92', '0.87', '0.96', '0.96']);
});

test('first turns were rated once, each is a labelled prompt; the crowd voted on 771', async () => {
  const texts = new Map(labelled.map(({ id, text }) => [id, text]));
  const rated = await read('prompt-quality/all');
  const first = await read('prompt-quality/first_turns');
  assert.equal(first.length, 200);
  for (const row of first) {
    assert.equal(row.text, texts.get(row.id));
    for (const score of subScores) assert.ok(Number(row[score]) >= 0 && Number(row[score]) <= 100);
  }
  const twice = new Set(rated.map(({ id }) => id));
  assert.ok(first.every(({ id }) => !twice.has(id)));
  const crowd = await read('prompt-quality/crowd');
  assert.equal(crowd.length, 771);
  assert.ok(
    crowd.every(({ quality, votes }) => Number(quality) >= 0 && Number(quality) <= 100 && Number(votes) > 0),
  );
});
