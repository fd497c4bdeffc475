// `millrace tune` as a person uses it: a search, the same one again with more trials, list, show, wrong use.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Trial } from '../../../trainers/search/trial.ts';
import { Workplace } from './spawned.ts';

const place = new Workplace();
after(() => place.close());

const words = ['explain', 'the', 'water', 'mill', 'to', 'a', 'child'];
const rows = Array.from({ length: 240 }, (_, row) => {
  const text = Array.from({ length: 2 + (row % 23) }, (_, at) => words[(row * 7 + at * 3) % words.length]);
  return { text: `${text.join(' ')} ${row}`, score: 3 * (row % 23) + (row % 5) };
});
writeFileSync(join(place.path, 'scores.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

const search = [
  'tune',
  'points',
  '--on',
  './scores.jsonl',
  '--space',
  'trees=5,10',
  '--space',
  'depthMax=1,8',
];
interface Report {
  readonly study: string;
  readonly best: Trial;
  readonly flags: string;
  readonly trials: readonly Trial[];
}

test('a study is run, gone on with, listed and shown; its flags train the best model', async () => {
  const first = await place.run([...search, '--trials', '2', '--json']);
  assert.equal(first.code, 0, first.stderr);
  const two = JSON.parse(first.stdout) as Report;
  assert.equal(two.trials.length, 2);
  assert.match(first.stderr, /^trial 0: [\d.]+ in [\d.]+ s; best [\d.]+ \(trial 0\); --set trees=\d+/);

  const again = await place.run([...search, '--trials', '4', '--json']);
  const four = JSON.parse(again.stdout) as Report;
  assert.match(again.stderr, /^going on after 2 trials\n/);
  assert.deepEqual(four.trials.slice(0, 2), two.trials);
  assert.equal(four.trials.length, 4);
  assert.equal(four.best.setting.depthMax, 8);
  assert.match(four.flags, /^--kind forest --set trees=\d+ --set depthMax=8$/);

  const listed = await place.run(['tune', 'list']);
  assert.match(listed.stdout, /points-forest-tpe +points +forest +tpe +4 +mae/);
  const shown = await place.run(['tune', 'show', 'points-forest-tpe']);
  assert.ok(shown.stdout.includes(four.flags), shown.stdout);
  assert.equal(shown.stdout.split('\n').filter((line) => line.includes('finished')).length, 4);
});

test('wrong use is explained and starts nothing', async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['tune', 'nonsense'], /there is no task "nonsense"/],
    [['tune', 'sentiment', '--kind', 'ngram', '--space', 'epoch=1,2'], /has no option “epoch”[\s\S]*epochs/],
    [['tune', 'sentiment', '--kind', 'ngram', '--space', 'epochs=8..3'], /is no range/],
    [['tune', 'sentiment', '--search', 'luck'], /grid, random, tpe/],
    [['tune', 'show', 'none'], /there is no study “none”/],
  ];
  const check = async ([argv, expected]: (typeof cases)[number]) => {
    const { code, stderr } = await place.run(argv);
    assert.equal(code, 2, `${argv.join(' ')}: ${stderr}`);
    assert.match(stderr, expected);
  };
  await Promise.all(cases.map(check));
});
