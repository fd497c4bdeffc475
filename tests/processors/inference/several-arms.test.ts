// Several candidates of a task beside one control: each person has one arm, and what one candidate does is its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { armOf } from '../../../processors/experiments/assignment.ts';
import type { Trial } from '../../../processors/inference/arms.ts';
import type { Features } from '../../../schemas/features.ts';
import { answersOf, many, message, predictionsOf, serving, shown, trialOf } from './on-trial.ts';

/** A candidate with a note of what it was asked. */
function candidate(
  version: string,
  said: Partial<Trial>,
): { readonly trial: Trial; readonly asked: string[] } {
  const treatment = `sentiment@${version}`;
  const asked: string[] = [];
  const ask: Trial['ask'] = async (texts) => {
    asked.push(...texts);
    const answers = answersOf(treatment, texts, false);
    return texts.map((_, row) => ({ answers, row }));
  };
  return { trial: trialOf({ experiment: `e-${version}`, treatment, stage: 'canary', ask, ...said }), asked };
}

const takes = ({ experiment, share }: Trial, { stickyKey, messageId }: Features) =>
  armOf(stickyKey ?? messageId, experiment, share) === 'treatment';
const textsOf = (messages: readonly Features[]) => messages.map(({ text }) => text);
const control = 'sentiment@1.0.0 positive control';

test('of several canaries the first one that takes a key has it, and nobody is asked about another’s', async () => {
  const [first, second] = [candidate('2.0.0', { share: 0.4 }), candidate('3.0.0', { share: 0.4 })];
  const { engine, asked } = serving();
  const predictions = await predictionsOf([first.trial, second.trial], many, engine);
  const ofFirst = many.filter((each) => takes(first.trial, each));
  const ofSecond = many.filter((each) => !takes(first.trial, each) && takes(second.trial, each));
  const ofBoth = many.filter((each) => takes(first.trial, each) && takes(second.trial, each));
  const free = many.filter((each) => !takes(first.trial, each) && !takes(second.trial, each));
  for (const part of [ofFirst, ofSecond, ofBoth, free]) assert.ok(part.length > 0);
  for (const [at, prediction] of predictions.entries()) {
    const expected = ofFirst.includes(many[at]!)
      ? 'sentiment@2.0.0 negative treatment'
      : ofSecond.includes(many[at]!)
        ? 'sentiment@3.0.0 negative treatment'
        : control;
    assert.deepEqual(shown(prediction), [expected]);
  }
  assert.deepEqual(first.asked, textsOf(ofFirst));
  assert.deepEqual(second.asked, textsOf(ofSecond));
  const asking = asked.filter(({ tasks }) => tasks.includes('sentiment'));
  assert.deepEqual(
    asking.map(({ texts }) => texts),
    [textsOf(free)],
  );
});

test('a person keeps the arm while another one begins its shadow, and moves when a canary before it ends', async () => {
  const [first, second] = [candidate('2.0.0', { share: 0.4 }), candidate('3.0.0', { share: 0.4 })];
  const armsWith = async (trials: readonly Trial[]) =>
    (await predictionsOf(trials, many)).map((prediction) => shown(prediction)![0]);
  const alone = await armsWith([first.trial]);
  const shadow = { ...second.trial, stage: 'shadow' } as const;
  assert.deepEqual(await armsWith([first.trial, shadow]), alone);
  const together = await armsWith([first.trial, second.trial]);
  const without = await armsWith([second.trial]);
  for (const [at, before] of together.entries()) {
    if (alone[at] !== control) assert.equal(before, alone[at], 'one that begins later takes nobody from it');
    if (before?.startsWith('sentiment@3')) assert.equal(without[at], before);
  }
  assert.notDeepEqual(without, together);
});

test('a shadow beside a canary watches those that the control serves, and no other', async () => {
  const canary = candidate('2.0.0', { share: 0.4 });
  const shadow = candidate('3.0.0', { stage: 'shadow', share: 1 });
  for (const trials of [
    [canary.trial, shadow.trial],
    [shadow.trial, canary.trial],
  ]) {
    shadow.asked.length = 0;
    const predictions = await predictionsOf(trials, many);
    for (const [at, prediction] of predictions.entries())
      assert.deepEqual(
        shown(prediction),
        takes(canary.trial, many[at]!)
          ? ['sentiment@2.0.0 negative treatment']
          : [control, 'sentiment@3.0.0 negative shadow'],
      );
    assert.deepEqual(shadow.asked, textsOf(many.filter((each) => !takes(canary.trial, each))));
  }
});

test('two shadows watch the same messages, and the control is asked once', async () => {
  const [first, second] = ['2.0.0', '3.0.0'].map((version) =>
    candidate(version, { stage: 'shadow', share: 1 }),
  );
  const { engine, asked } = serving();
  const [prediction] = await predictionsOf([first!.trial, second!.trial], [message('c1')], engine);
  assert.deepEqual(shown(prediction), [
    ...[control, 'sentiment@2.0.0 negative shadow', 'sentiment@3.0.0 negative shadow'],
  ]);
  assert.equal(asked.length, 1);
});

test('one of two that is silent is stood in for, told, and takes nobody from the other', async () => {
  const silent = candidate('2.0.0', { share: 0.4, ask: async (texts) => texts.map(() => null) });
  const good = candidate('3.0.0', { share: 0.4 });
  const { engine, asked } = serving();
  const predictions = await predictionsOf([silent.trial, good.trial], many, engine);
  for (const [at, prediction] of predictions.entries()) {
    const isSilent = takes(silent.trial, many[at]!);
    const expected = isSilent
      ? [control, 'sentiment@2.0.0  shadow']
      : [takes(good.trial, many[at]!) ? 'sentiment@3.0.0 negative treatment' : control];
    assert.deepEqual(shown(prediction), expected);
  }
  const texts = asked.filter(({ tasks }) => tasks.includes('sentiment')).flatMap((each) => each.texts);
  assert.equal(new Set(texts).size, texts.length, 'what serves is asked once about a message');
});

test('a text that ends threads of what serves is invalid, and takes no other along', async () => {
  const batch = [...many.slice(0, 30), message('deadly', { stickyKey: 'author-1' }), ...many.slice(30, 60)];
  for (const share of [0.001, 0.4])
    for (const stage of ['shadow', 'canary'] as const) {
      const silent = candidate('2.0.0', { share, ask: async (texts) => texts.map(() => null) });
      const other = candidate('3.0.0', { share, stage });
      // Where the second canary has that key, nobody asks the control about it.
      const isSpared =
        stage === 'canary' && !takes(silent.trial, batch[30]!) && takes(other.trial, batch[30]!);
      const predictions = await predictionsOf([silent.trial, other.trial], batch);
      assert.deepEqual(
        [...predictions.keys()].filter((at) => predictions[at] === null),
        isSpared ? [] : [30],
      );
    }
});
