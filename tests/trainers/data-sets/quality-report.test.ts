// The quality report finds what was put into a set: duplicates, leaks, wrong labels; and the page shows it alone.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addDataSet, type SetDraft } from '../../../trainers/data-sets/addition.ts';
import { distributionOf } from '../../../trainers/data-sets/distribution.ts';
import { openDataSet } from '../../../trainers/data-sets/open.ts';
import { qualityPage } from '../../../trainers/data-sets/quality-page.ts';
import { reportQuality } from '../../../trainers/data-sets/quality-report.ts';
import { draftOf, sentences, writeRows } from './written-set.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-quality-'));
});
after(() => rm(root, { recursive: true, force: true }));

async function reportOf(
  name: string,
  files: Readonly<Record<string, readonly object[]>>,
  changes: Partial<SetDraft> = {},
) {
  const store = join(root, 'store');
  const sources = [];
  for (const [split, rows] of Object.entries(files))
    sources.push({ split, path: await writeRows(join(root, name, `${split}.jsonl`), rows) });
  await addDataSet({ draft: draftOf({ name, splits: { by: 'file' }, ...changes }), sources, store });
  return reportQuality(await openDataSet(name, { folders: [], store }), { threshold: 0.8, seed: 1 });
}

const texts = sentences(400);
const moods = (text: string, at: number) =>
  at % 2 === 0
    ? { text: `what a lovely ${text}`, label: 'glad' }
    : { text: `such a horrible ${text}`, label: 'sad' };
const rows = texts.map(moods);

test('duplicates, leaks and their answers are counted where they are', async () => {
  const long = 'a long sentence about the quick brown fox that jumps over the lazy dog in the morning';
  const train = [
    ...rows.slice(0, 200),
    rows[0]!,
    { text: long, label: 'glad' },
    { text: `${long} of May`, label: 'sad' },
    { label: 'glad' },
  ];
  const test = [
    ...rows.slice(300),
    { ...rows[1]!, text: `${rows[1]!.text}!!` },
    { text: rows[2]!.text, label: 'sad' },
    { text: `${long} today`, label: 'glad' },
  ];
  const report = await reportOf('leaky', { train, test });
  assert.equal(report.inspection.rows, train.length + test.length);
  assert.equal(report.inspection.omitted.missing, 1);
  assert.equal(report.inspection.duplicates, 1);
  assert.equal(report.inspection.conflicting, 2);
  assert.deepEqual(
    [report.near.rows >= 1, report.near.pairs.some(({ text }) => text === `${long} of May`)],
    [true, true],
  );
  const [leak] = report.leakage;
  assert.deepEqual([leak!.split, leak!.also, leak!.exact, leak!.otherAnswer], ['test', 'train', 2, 1]);
  assert.ok(leak!.near >= 1);
  assert.ok(leak!.texts.includes(`${long} today`));
});

test('labels that were turned round are found, and hardly any other', async () => {
  const turned = new Set([20, 41, 77, 120, 201, 333]);
  const files = {
    all: rows.map((row, at) =>
      turned.has(at) ? { ...row, label: row.label === 'glad' ? 'sad' : 'glad' } : row,
    ),
  };
  const { suspicious } = await reportOf('turned', files);
  const wrong = new Set([...turned].map((at) => rows[at]!.text));
  assert.equal(suspicious!.judged, 400);
  assert.ok(suspicious!.worst.slice(0, 6).filter(({ text }) => wrong.has(text)).length >= 5);
  assert.ok(suspicious!.found <= 10, `${suspicious!.found}`);
  assert.equal((await reportOf('right', { all: rows })).suspicious!.found, 0);
});

test('several labels and scores are doubted too', async () => {
  const labels = { kind: 'multi-label', columns: { text: 'text', labels: 'labels' } } as const;
  const several = rows.map(({ text, label }, at) => ({ text, labels: at === 50 ? ['sad'] : [label] }));
  const report = await reportOf('several', { all: several }, labels);
  assert.ok(
    report.suspicious!.worst.some(({ text, suggested }) => text === rows[50]!.text && suggested === 'glad'),
  );
  const scored = rows.map(({ text, label }, at) => ({
    text,
    score: at === 51 ? 95 : label === 'glad' ? 80 + (at % 7) : 20 + (at % 7),
  }));
  const scores = await reportOf(
    'scored',
    { all: scored },
    { kind: 'score', columns: { text: 'text', score: 'score' } },
  );
  assert.equal(scores.suspicious!.worst[0]!.text, rows[51]!.text);
  assert.equal(scores.scores!.most, 95);
});

test('the same set gives the same report, and nothing to doubt is said to be so', async () => {
  const [one, two] = [await reportOf('once', { all: rows }), await reportOf('once', { all: rows })];
  assert.deepEqual(one, two);
  const none = await reportOf(
    'plain',
    { all: rows.map(({ text }) => ({ text })) },
    { kind: 'unlabelled', columns: { text: 'text' } },
  );
  assert.equal(none.suspicious, null);
});

test('languages are counted where a column says them', async () => {
  const mixed = rows.map((row, at) => ({ ...row, lang: at % 4 === 0 ? 'de' : 'en' }));
  const { slices } = await reportOf(
    'mixed',
    { all: mixed },
    { columns: { text: 'text', label: 'label', slices: ['lang'] } },
  );
  assert.deepEqual(slices, { lang: { en: 300, de: 100 } });
});

test('the page is whole by itself and escapes what people wrote', async () => {
  const nasty = '<script>alert("x")</script> & more of it here';
  const page = qualityPage(
    await reportOf('nasty', {
      train: [...rows, { text: nasty, label: 'glad' }],
      test: [...rows.slice(0, 3), { text: nasty, label: 'sad' }],
    }),
  );
  assert.match(page, /^<!doctype html>/);
  assert.match(page, /<svg /);
  assert.ok(page.includes('&lt;script&gt;alert('));
  assert.doesNotMatch(page, /<script|(?:src|href)="(?!#)/);
});

test('distributions: nearest ranks and bins that hold everything', () => {
  const { least, median, p95, most, histogram, mean, deviation } = distributionOf(
    Array.from({ length: 100 }, (_, at) => at + 1),
  );
  assert.deepEqual([least, median, p95, most, mean], [1, 50, 95, 100, 50.5]);
  assert.equal(deviation.toFixed(6), '28.866070');
  assert.equal(
    histogram.reduce((sum, { count }) => sum + count, 0),
    100,
  );
  assert.deepEqual(distributionOf([]).histogram, []);
  assert.deepEqual(distributionOf([7, 7]).histogram, [{ from: 7, count: 2 }]);
});
