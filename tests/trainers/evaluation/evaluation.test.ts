// Evaluation and comparison of answers that were worked out by hand, for every activation, and wrong input.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeringCurve, chooseAbstention } from '../../../trainers/evaluation/abstention.ts';
import { readLabels, readValues, ruleOut } from '../../../trainers/evaluation/answers.ts';
import { type Answered, evaluate } from '../../../trainers/evaluation/evaluate.ts';
import { evaluationSchema } from '../../../trainers/evaluation/evaluation.ts';
import { printReport } from '../../../trainers/evaluation/report.ts';
import { lengthBucket, slicesOf } from '../../../trainers/evaluation/slices.ts';
import { createRandom } from '../../../trainers/random.ts';
import type { Example } from '../../../trainers/trainer.ts';
import { makeSet, manifest, options } from './made-answers.ts';

test('softmax: the JSON is of its schema and says what the answers say', async () => {
  const { examples, values } = makeSet(600, 0.8, 1);
  const model = manifest('softmax', ['glad', 'sad', 'neutral']);
  const answered: Answered = { labels: readLabels(model, examples, values) };
  const result = evaluationSchema.parse(
    await evaluate({ manifest: model }, 12, { name: 'made', examples }, answered, options),
  );
  const right = answered.labels!.isRight.reduce((sum, one) => sum + one, 0) / 600;
  const { value, low, high } = result.figures.accuracy!;
  assert.ok(Math.abs(value! - right) < 1e-6);
  assert.ok(low! < value! && value! < high! && high! - low! < 0.08);
  const { confusion, perLabel, reliability } = result.labelling!;
  assert.equal(
    confusion!.flat().reduce((sum, count) => sum + count, 0),
    600,
  );
  confusion!.forEach((counts, label) => {
    const support = counts.reduce((sum, count) => sum + count, 0);
    assert.equal(support, perLabel[label]!.support);
    assert.ok(Math.abs(counts[label]! / support - perLabel[label]!.recall) < 1e-6);
  });
  assert.equal(
    reliability.reduce((sum, { rows }) => sum + rows, 0),
    600,
  );
  const sources = result.slices.filter(({ column }) => column === 'source');
  assert.deepEqual(
    sources.map(({ value: name, samples }) => [name, samples]),
    [
      ['posts', 400],
      ['letters', 200],
    ],
  );
  const mean = sources.reduce((sum, slice) => sum + slice.samples * slice.figures.accuracy!.value!, 0) / 600;
  assert.ok(Math.abs(mean - right) < 1e-6);
  assert.ok(
    result.worst.every(
      ({ held, said }, at, all) => held !== said && (at === 0 || all[at - 1]!.severity >= all[at]!.severity),
    ),
  );
  const again = await evaluate({ manifest: model }, 12, { name: 'made', examples }, answered, options);
  assert.deepEqual(again, result);
  const page = printReport({ evaluations: [result], comparisons: [] });
  for (const part of ['Confusion, made', 'Reliability, made', 'ROC, made', 'worst errors', 'By source'])
    assert.ok(page.includes(part), part);
});

test('softmax with thresholds: the leading label for accuracy, every label at its own for F1', () => {
  const model = manifest('softmax', ['a', 'b', 'c'], { thresholds: { a: 0.3, b: 0.3, c: 0.95 } });
  const values = Float32Array.of(0.5, 0.35, 0.15, 0.2, 0.2, 0.6);
  const answers = readLabels(
    model,
    [
      { text: 'x', labels: ['b'] },
      { text: 'y', labels: ['c'] },
    ],
    values,
  );
  assert.deepEqual([...answers.isRight], [0, 1]);
  // The first row calls a and b; the second none, so its leading label.
  assert.deepEqual([...answers.called.labels], [0, 1, 2]);
  assert.equal(answers.isSingle, false);
});

test('sigmoid: right means exactly the labels that hold, and none may be called', () => {
  const model = manifest('sigmoid', ['a', 'b'], { thresholds: { a: 0.2, b: 0.8 } });
  const values = Float32Array.of(0.25, 0.7, 0.1, 0.1, 0.9, 0.9);
  const rows = [
    { text: 'x', labels: ['a'] },
    { text: 'y', labels: [] },
    { text: 'z', labels: ['a'] },
  ];
  const answers = readLabels(model, rows, values);
  assert.deepEqual([...answers.isRight], [1, 1, 0]);
  assert.deepEqual([...answers.called.offsets], [0, 1, 1, 3]);
  const sure = [0.25 * 0.3, 0.9 * 0.9, 0.9 * 0.9];
  sure.forEach((value, row) => {
    assert.ok(Math.abs(answers.confidence[row]! - value) < 1e-6);
  });
});

test('one sigmoid label has an area below its curve, with an interval', async () => {
  const random = createRandom(5);
  const examples: Example[] = [];
  const values = Float32Array.from({ length: 300 }, () => {
    const holds = random() < 0.4;
    examples.push({ text: 'words here', labels: holds ? ['hate'] : [] });
    return Math.min(1, Math.max(0, 0.3 + (holds ? 0.3 : 0) + 0.4 * (random() - 0.5)));
  });
  const model = manifest('sigmoid', ['hate']);
  const answered = { labels: readLabels(model, examples, values) };
  const result = evaluationSchema.parse(
    await evaluate({ manifest: model }, 1, { name: 'hate', examples }, answered, options),
  );
  const { value, low, high } = result.figures.auc!;
  assert.ok(value! > 0.9 && low! < value! && value! < high!);
  assert.equal(result.labelling!.curves.length, 1);
  assert.equal(result.labelling!.confusion, null);
});

test('identity: figures of each value and their mean', async () => {
  const random = createRandom(8);
  const examples: Example[] = [];
  const said: number[] = [];
  for (let row = 0; row < 200; row++) {
    const truth = [100 * random(), 100 * random()];
    said.push(truth[0]! + 4, truth[1]! - 20);
    examples.push({ text: `row ${row}`, labels: [], values: truth });
  }
  const model = manifest('identity', ['quality', 'clarity']);
  const answered = { values: readValues(model, examples, Float32Array.from(said)) };
  const result = evaluationSchema.parse(
    await evaluate({ manifest: model }, 1, { name: 'points', examples }, answered, options),
  );
  const [quality, clarity] = result.values!;
  assert.ok(
    Math.abs(quality!.figures.mae!.value! - 4) < 1e-3 && Math.abs(clarity!.figures.mae!.value! - 20) < 1e-3,
  );
  assert.ok(Math.abs(result.figures.mae!.value! - 12) < 1e-3);
  assert.deepEqual([quality!.figures.within5!.value, clarity!.figures.within10!.value], [1, 0]);
  assert.ok(result.figures.spearman!.value! > 0.999);
  assert.ok(printReport({ evaluations: [result], comparisons: [] }).includes('clarity'));
});

test('pairs: candidates of each question are ranked, ties in the worst order', async () => {
  const pair = (text: string, second: string, relevant: number): Example => ({
    text,
    second,
    labels: [],
    values: [relevant],
  });
  const examples = [
    pair('q1', 'a', 0),
    pair('q1', 'b', 1),
    pair('q2', 'a', 1),
    pair('q2', 'b', 0),
    pair('without an answer', 'a', 0),
  ];
  // q1: right answer first. q2: as good as the wrong one, so second.
  const answered = {
    values: readValues(manifest('identity', ['score']), examples, Float32Array.of(0, 9, 5, 5, 1)),
  };
  const result = evaluationSchema.parse(
    await evaluate(
      { manifest: manifest('identity', ['score']) },
      1,
      { name: 'qa', examples },
      answered,
      options,
    ),
  );
  assert.equal(result.figures.mrr!.value, 0.75);
  assert.equal(result.figures.map!.value, 0.75);
  assert.ok(Math.abs(result.figures.ndcg5!.value! - (1 + 1 / Math.log2(3)) / 2) < 1e-6);
  assert.deepEqual([result.figures.mrr!.low, result.figures.mrr!.high], [0.5, 1]);
});

test('data that does not fit the model is refused by name', () => {
  const model = manifest('softmax', ['glad', 'sad']);
  const one = Float32Array.of(0.5, 0.5);
  assert.throws(() => readLabels(model, [{ text: 'x', labels: ['angry'] }], one), /does not know: “angry”/);
  assert.throws(
    () => readLabels(model, [{ text: 'x', labels: [] }], one),
    /1 rows of the data have no label/,
  );
  assert.throws(
    () => readValues(model, [{ text: 'x', labels: ['sad'] }], one),
    /row 1 of the data has 0 values/,
  );
  const rows = [
    { text: 'x', labels: [], values: [1, 2] },
    { text: 'y', labels: [], values: [1] },
  ];
  assert.throws(() => readValues(model, rows, Float32Array.of(1, 2, 3, 4)), /row 2 of the data has 1 values/);
});

test('labels that are ruled out get nothing, the others share the whole', () => {
  const values = Float32Array.of(0.5, 0.25, 0.25, 1, 0, 0);
  ruleOut(values, ['a', 'b', 'c'], ['b', 'c']);
  assert.deepEqual([...values], [0, 0.5, 0.5, 0, 0, 0]);
});

test('confidence goes through the curve of the manifest', () => {
  const confidence = { method: 'isotonic', x: [0.5, 1], y: [0.2, 0.8] };
  const answers = readLabels(
    manifest('softmax', ['a', 'b'], { confidence }),
    [{ text: 'x', labels: ['a'] }],
    Float32Array.of(0.75, 0.25),
  );
  assert.ok(Math.abs(answers.confidence[0]! - 0.5) < 1e-6);
});

test('slices: lengths in their order, columns by size, one value alone is no slice', () => {
  assert.deepEqual(['one', 'a b c d', 'w '.repeat(150), 'w '.repeat(151)].map(lengthBucket), [
    '1–3 words',
    '4–8 words',
    '51–150 words',
    'over 150 words',
  ]);
  const rows = [
    { text: 'w '.repeat(200), labels: [], slices: { source: 'x', kind: 'same' } },
    { text: 'short', labels: [], slices: { source: 'y', kind: 'same' } },
    { text: 'short too', labels: [], slices: { source: 'y', kind: 'same' } },
  ];
  assert.deepEqual(
    slicesOf(rows).map(({ column, value, rows: own }) => [column, value, [...own]]),
    [
      ['length', '1–3 words', [1, 2]],
      ['length', 'over 150 words', [0]],
      ['source', 'y', [1, 2]],
      ['source', 'x', [0]],
    ],
  );
});

test('slices: rare values of a column with many are one slice', () => {
  const rows = Array.from({ length: 60 }, (_, row) => ({
    text: 'same length',
    labels: [],
    slices: { language: row < 40 ? 'en' : `rare-${row}` },
  }));
  assert.deepEqual(
    slicesOf(rows).map(({ value, rows: own }) => [value, own.length]),
    [
      ['en', 40],
      ['(others)', 20],
    ],
  );
});

test('a threshold to abstain below is the one that answers most at the wanted accuracy', () => {
  const confidences = Float64Array.from({ length: 100 }, (_, row) => (row + 1) / 100);
  // Right above 0.4; below it, every other one.
  const isRight = Uint8Array.from({ length: 100 }, (_, row) => (row >= 40 || row % 2 === 0 ? 1 : 0));
  const chosen = chooseAbstention(confidences, isRight, 0.95)!;
  assert.ok(chosen.accuracy >= 0.95);
  const whole = answeringCurve(confidences, isRight);
  assert.equal(whole.at(-1)!.answered, 1);
  assert.ok(whole.every(({ answered, accuracy }) => accuracy < 0.95 || answered <= chosen.answered));
  const sum = confidences
    .filter((value) => value >= chosen.abstainBelow)
    .reduce((total, value) => total + value, 0);
  assert.ok(Math.abs(chosen.expected - sum / Math.round(100 * chosen.answered)) < 1e-9);
  assert.equal(chooseAbstention(confidences, new Uint8Array(100), 0.5), null);
  assert.equal(chooseAbstention(confidences.slice(90), isRight.slice(90), 0.5), null, 'too few rows to say');
});

test('Ctrl-C ends the bootstrap', async () => {
  const { examples, values } = makeSet(500, 0.8, 1);
  const model = manifest('softmax', ['glad', 'sad', 'neutral']);
  const answered = { labels: readLabels(model, examples, values) };
  const controller = new AbortController();
  const onProgress = (done: number) => done > 0.1 && controller.abort(new Error('stopped by the test'));
  await assert.rejects(
    evaluate({ manifest: model }, 1, { name: 's', examples }, answered, {
      ...options,
      times: 5_000,
      signal: controller.signal,
      onProgress,
    }),
    /stopped by the test/,
  );
});
