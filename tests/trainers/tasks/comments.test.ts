// The tasks about comments: what their rows mean, and what they share.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row } from '../../../trainers/data-sets/rows.ts';
import { createRandom } from '../../../trainers/random.ts';
import type { Role, Task } from '../../../trainers/task.ts';
import { commentFeaturizer } from '../../../trainers/tasks/comment-featurizer.ts';
import { emotion } from '../../../trainers/tasks/emotion.ts';
import { emotionEkman, emotionGroup } from '../../../trainers/tasks/emotion-groups.ts';
import { ekman, groups } from '../../../trainers/tasks/goemotions.ts';
import { hate } from '../../../trainers/tasks/hate.ts';
import { opinionSentences } from '../../../trainers/tasks/opinion-words.ts';
import { sentiment } from '../../../trainers/tasks/sentiment.ts';
import { sentimentBinary } from '../../../trainers/tasks/sentiment-binary.ts';
import { toxicity } from '../../../trainers/tasks/toxicity.ts';

const sharing = [toxicity, sentiment, sentimentBinary, emotion, emotionEkman, emotionGroup];

const examplesOf = ({ dataSets }: Task, file: string, role: Role, row: Row) =>
  dataSets.find((set) => set.file === file && set.role === role)!.examples(row);

test('models of comments read a text the same way, so that it is featurized once', () => {
  for (const { task, training } of sharing) {
    assert.equal(training.kind, 'linear');
    const given = training.parameters as Readonly<Record<string, unknown>>;
    for (const [name, value] of Object.entries(commentFeaturizer))
      assert.equal(given[name], value, `${task}: ${name}`);
    for (const name of ['flags', 'repairs', 'identities']) assert.equal(given[name], undefined, task);
  }
});

test('nothing is learned from or calibrated on that may not be passed on', () => {
  for (const { task, dataSets } of [...sharing, hate])
    for (const { file, role, shipped } of dataSets) assert.ok(shipped || role === 'test', `${task}: ${file}`);
});

test('a post with toxic spans gives itself, the spans alone, and what is left of it as a harmless one', () => {
  const row = { text: 'you idiot read the article again', spans: [4, 5, 6, 7, 8] };
  const examples = examplesOf(toxicity, 'toxic_spans_civilcomments/train', 'train', row);
  assert.deepEqual(
    examples.map(({ text, labels }) => [text.trim().replace(/\s+/gu, ' '), ...labels]),
    [
      ['you idiot read the article again', 'toxic'],
      ['idiot', 'toxic'],
      ['you read the article again', 'not-toxic'],
    ],
  );
  assert.deepEqual(
    examplesOf(toxicity, 'toxic_spans_civilcomments/train', 'train', { text: 'hello', spans: [] }),
    [],
  );
});

test('swearing in anger is toxic, swearing in joy is not, and swearing in sadness says nothing', () => {
  const labelsOf = (text: string, labels: string[]) =>
    examplesOf(toxicity, 'goemotions/train', 'train', { text, labels }).flatMap((example) => example.labels);
  assert.deepEqual(labelsOf('what a stupid thing to do', ['anger']), ['toxic']);
  assert.deepEqual(labelsOf('that is fucking great', ['joy']), ['not-toxic']);
  assert.deepEqual(labelsOf('that is shit', ['sadness']), []);
  assert.deepEqual(labelsOf('I feel so down', ['sadness']), []);
});

test('rows that are split between learning and judging are in one of the two', () => {
  const halves = [
    [toxicity, 'surge_toxicity/all', 'Toxic'],
    [sentiment, 'sentiment_labelled_sentences_uci/all', 'positive'],
    [sentimentBinary, 'sentiment_labelled_sentences_uci/all', 'positive'],
  ] as const;
  for (const [task, file, label] of halves)
    for (let at = 0; at < 50; at++) {
      const row = { text: `comment number ${at}`, label };
      const [train, judge] = (['train', 'test'] as const).map((role) => examplesOf(task, file, role, row));
      assert.equal(train!.length + judge!.length, 1);
    }
});

test('sentiment comes from emotions of one group only', () => {
  const labelsOf = (task: Task, labels: string[]) =>
    examplesOf(task, 'goemotions/train', 'train', { text: 'x', labels }).flatMap((example) => example.labels);
  assert.deepEqual(labelsOf(sentiment, ['joy', 'love']), ['positive']);
  assert.deepEqual(labelsOf(sentiment, ['neutral']), ['neutral']);
  assert.deepEqual(labelsOf(sentiment, ['joy', 'anger']), []);
  assert.deepEqual(labelsOf(sentiment, ['surprise']), []);
  assert.deepEqual(labelsOf(sentimentBinary, ['neutral']), []);
  assert.deepEqual(labelsOf(sentimentBinary, ['grief']), ['negative']);
});

test('each of the 28 emotions is in one group and in one of Ekman’s', () => {
  for (const grouping of [groups, ekman]) {
    const fine = Object.values(grouping).flat();
    assert.deepEqual(fine.toSorted(), emotion.labels);
  }
  const row = { text: 'x', labels: ['grief', 'joy', 'sadness'] };
  assert.deepEqual(
    new Set(examplesOf(emotionEkman, 'goemotions/test', 'test', row)[0]!.labels),
    new Set(['joy', 'sadness']),
  );
});

test('a word of praise or blame stands on one side, and on the other where it is denied', () => {
  const { examples } = opinionSentences(1);
  const written = examples(createRandom(1));
  assert.deepEqual(examples(createRandom(1)), written);
  assert.ok(written.every(({ text }) => !/[{}]/u.test(text)));
  const sides = new Map<string, Set<string>>();
  for (const { text, labels } of written) {
    const side = sides.get(text) ?? new Set();
    sides.set(text, side.add(labels[0]!));
  }
  const both = [...sides].filter(([, labels]) => labels.size > 1).map(([text]) => text);
  assert.deepEqual(both, []);
  assert.ok(written.some(({ text, labels }) => text.startsWith('not ') && labels[0] === 'positive'));
});
