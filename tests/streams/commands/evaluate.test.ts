// `millrace evaluate` as a new user tries it: own rows, held-out sets, two releases, wrong input, Ctrl-C.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  comparisonSchema,
  type Evaluation,
  evaluationSchema,
} from '../../../trainers/evaluation/evaluation.ts';
import { execute } from './executed.ts';
import { finished, Workplace } from './spawned.ts';

let place: Workplace;
before(() => {
  place = new Workplace();
  const rows = [
    ...[
      'I love this, wonderful and great',
      'What a lovely surprise, thank you',
      'excellent, I am so happy',
    ].map((text) => ({ text, label: 'positive', shop: 'north' })),
    ...['I hate this, it is awful', 'terrible and disappointing', 'the worst thing I have ever bought'].map(
      (text) => ({ text, label: 'negative', shop: 'south' }),
    ),
  ];
  const write = (name: string, content: readonly object[]) =>
    writeFileSync(join(place.path, name), content.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const german = { text: 'Guten Tag, wie geht es Ihnen heute Morgen?', label: 'neutral' };
  write('reviews.jsonl', [...rows, ...rows, ...rows, german, german]);
  write('wrong-labels.jsonl', [{ text: 'fine', label: 'splendid' }]);
  write('empty.jsonl', []);
  mkdirSync(join(place.path, 'nothing-here'));
});
after(() => place.close());

/** In this process: one of its own takes seconds to start. */
const evaluate = (...argv: readonly string[]) =>
  execute(['evaluate', ...argv], { env: {}, workingDirectory: place.path });

interface Report {
  readonly evaluations: readonly Evaluation[];
  readonly comparisons: readonly unknown[];
}

test('own rows: JSON on standard output, progress on standard error', async () => {
  const { code, stdout, stderr } = await evaluate(
    'sentiment',
    '--data',
    './reviews.jsonl',
    '--languages',
    '--json',
  );
  assert.equal(code, 0, stderr);
  const { evaluations, comparisons } = JSON.parse(stdout) as Report;
  assert.deepEqual([evaluations.length, comparisons.length], [1, 0]);
  const evaluation = evaluationSchema.parse(evaluations[0]);
  assert.match(evaluation.release, /^sentiment@\d+\.\d+\.\d+$/);
  assert.equal(evaluation.samples, 20);
  assert.ok(evaluation.figures.accuracy!.value! >= 0.9);
  const languages = evaluation.slices.filter(({ column }) => column === 'language');
  assert.deepEqual(
    languages.map(({ value, samples }) => [value, samples]),
    [
      ['en', 18],
      ['de', 2],
    ],
  );
  assert.ok(evaluation.latency!.single.p95 >= evaluation.latency!.single.p50);
  assert.ok(evaluation.latency!.batch64.textsPerSecond > 100 && evaluation.bytes > 1_000);
  assert.match(stderr, /20 rows: answering\n.*intervals\n.*measuring speed\n$/s);
});

test('two releases on a held-out set, with a report', async () => {
  const { code, stdout, stderr } = await evaluate(
    ...['toxicity', '--against', 'toxicity', '--limit', '200', '--bootstrap', '100', '--out', 'report'],
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^toxicity@\d+\.\d+\.\d+: \d+\.\d\d MB/);
  assert.match(stdout, /accuracy +\d+\.\d % \[\d+\.\d % – \d+\.\d %\]/);
  assert.match(stdout, /may be chance/);
  assert.match(stdout, /Report: report\/report\.html\n$/);
  const report = JSON.parse(readFileSync(join(place.path, 'report/evaluation.json'), 'utf8')) as Report;
  assert.ok(report.evaluations.length >= 2);
  for (const evaluation of report.evaluations) assert.equal(evaluationSchema.parse(evaluation).samples, 200);
  for (const comparison of report.comparisons)
    assert.equal(comparisonSchema.parse(comparison).mcNemar.exact, 1);
  const page = readFileSync(join(place.path, 'report/report.html'), 'utf8');
  assert.match(page, /<title>Evaluation of toxicity@/);
  assert.doesNotMatch(page, /(?:src|href)="(?!#)|@import|url\((?!#)|<script/);
});

const wrong: readonly (readonly [what: string, argv: readonly string[], code: string, message: RegExp])[] = [
  ['a release that is not there', ['nosuchtask'], 'model-missing', /nosuchtask/],
  ['data that is not there', ['sentiment', '--data', 'no-such-set'], 'unknown-data-set', /no-such-set/],
  ['labels the model lacks', ['sentiment', '--data', 'wrong-labels.jsonl'], 'labels-differ', /“splendid”/],
  ['no rows', ['sentiment', '--data', 'empty.jsonl'], 'no-rows', /empty\.jsonl/],
  ['a split of no set', ['sentiment', '--split', 'test'], 'data-needed', /--split/],
  [
    'a report over a file',
    ['sentiment', '--data', 'reviews.jsonl', '--out', 'reviews.jsonl'],
    'report-unwritable',
    /reviews\.jsonl/,
  ],
];

describe('wrong input: exit code 2, what is wrong and what to do', () => {
  for (const [what, argv, errorCode, message] of wrong) {
    test(what, async () => {
      const { code, stderr } = await evaluate(...argv, '--json');
      const error = (JSON.parse(stderr.trim().split('\n').at(-1)!) as { error: Record<string, string> })
        .error;
      assert.equal(error.code, errorCode);
      assert.match(error.message!, message);
      assert.ok(error.fix);
      assert.equal(code, 2);
    });
  }
});

test('Ctrl-C ends it and leaves no report', async () => {
  const child = place.start(['evaluate', 'toxicity', '--bootstrap', '100000', '--out', 'interrupted']);
  const ended = finished(child);
  child.stderr!.on('data', (text: string) => {
    if (text.includes('intervals')) child.kill('SIGINT');
  });
  const { code } = await ended;
  assert.equal(code, 130);
  assert.ok(!existsSync(join(place.path, 'interrupted')));
});
