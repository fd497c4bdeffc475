// The prompt-intent task: what it makes of rows, and what it writes itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textKey } from '../../../trainers/data-sets/rows.ts';
import { splitData } from '../../../trainers/data-sets/split.ts';
import { createRandom } from '../../../trainers/random.ts';
import { promptIntent } from '../../../trainers/tasks/prompt-intent.ts';
import { pastedPrompt, writtenPrompts } from '../../../trainers/tasks/written-prompts.ts';

const setOf = (file: string, role: 'train' | 'test') =>
  promptIntent.dataSets.find((set) => set.file === file && set.role === role)!;
const dolly = setOf('prompt_intent10/train', 'train');

test('written prompts are whole, of known labels, and the same for the same seed', () => {
  const written = writtenPrompts.examples(createRandom(3));
  assert.deepEqual(written, writtenPrompts.examples(createRandom(3)));
  assert.notDeepEqual(written, writtenPrompts.examples(createRandom(4)));
  for (const { text, labels, weight } of written) {
    assert.doesNotMatch(text, /\{\w+\}/u);
    assert.ok(promptIntent.labels.includes(labels[0]!), labels[0]);
    assert.ok(weight! > 0 && weight! < 1);
  }
  const distinct = new Set(written.map(({ text }) => textKey(text)));
  assert.ok(distinct.size > 0.8 * written.length, `${distinct.size} of ${written.length} differ`);
});

test('a passage meets requests of every kind, and always the same one', () => {
  const labels = new Map<string, number>();
  for (let at = 0; at < 600; at++) {
    const passage = `Passage number ${at} tells of a town and of its ${at % 7} bridges.`;
    const { text, labels: given } = pastedPrompt(passage);
    assert.deepEqual(pastedPrompt(passage), { text, labels: given });
    assert.ok(text.includes(passage) && text.length > passage.length + 3);
    labels.set(given[0]!, (labels.get(given[0]!) ?? 0) + 1);
  }
  assert.equal(labels.size, 6);
  for (const [label, count] of labels) assert.ok(count > 60 && count < 150, `${label}: ${count}`);
});

test('long passages are cut', () => {
  const { text } = pastedPrompt('word '.repeat(1_000));
  assert.ok(text.split(/\s+/u).length < 150);
});

test('rows of Dolly count less than labelled prompts, and their passages change the request', () => {
  const texts = Array.from(
    { length: 400 },
    (_, at) => `Who built bridge ${at}?\nBridge ${at} was built by Ann.`,
  );
  const examples = texts.flatMap((text) => dolly.examples({ text, label: 'context_qa_extraction' }));
  const own = examples.filter(({ text }) => texts.includes(text));
  const pasted = examples.filter(({ text }) => !texts.includes(text));
  assert.ok(own.length > 10 && own.length < 100, `${own.length} rows as they are`);
  assert.ok(pasted.length > 60 && pasted.length < 180, `${pasted.length} rows with other requests`);
  assert.ok(pasted.every(({ text }) => !text.includes('Who built')));
  assert.ok(examples.every(({ weight }) => weight! < 0.5));
});

test('CLINC150’s intents become commands, questions and talk; answers without a wish are left out', () => {
  const clinc = setOf('clinc150/dev', 'test');
  const labelOf = (label: string) => clinc.examples({ text: 'x y z', label })[0]?.labels[0];
  assert.equal(labelOf('timer'), 'task_command');
  assert.equal(labelOf('translate'), 'rewriting_translation');
  assert.equal(labelOf('greeting'), 'advice_planning_chat');
  assert.equal(labelOf('weather'), 'question_answering');
  for (const label of ['oos', 'yes', 'repeat']) assert.equal(labelOf(label), undefined);
});

test('nothing that is judged on is learned from, whether or not unshipped sets are at hand', async () => {
  const split = await splitData(promptIntent, { data: 'trainers/data', samples: 'samples' }, 1);
  const judged = new Set(split.tests.flatMap(({ examples }) => examples.map(({ text }) => textKey(text))));
  assert.ok(judged.size > 3_000);
  assert.deepEqual(
    split.train.filter(({ text }) => judged.has(textKey(text))).map(({ text }) => text),
    [],
  );
  // None of the labelled prompts is lost to the samples: they were split with them in mind.
  const labelled = split.train.filter(({ slices }) => slices !== undefined);
  assert.equal(labelled.length, 849);
  assert.equal(split.calibration.length, 367);
});
