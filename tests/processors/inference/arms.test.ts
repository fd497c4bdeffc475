// Arms of experiments: who serves whom, who only watches, and that nothing a candidate does keeps a message from its answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { armOf } from '../../../processors/experiments/assignment.ts';
import type { Trial } from '../../../processors/inference/arms.ts';
import { createInference } from '../../../processors/inference/inference.ts';
import { createScoring } from '../../../processors/scoring/scoring.ts';
import type { Features } from '../../../schemas/features.ts';
import { derivedId } from '../../../schemas/identity.ts';
import { answersOf, many, message, predictionsOf, serving, shown, tasks, trialOf } from './on-trial.ts';

const isTreated = ({ stickyKey, messageId }: Features, share: number) =>
  armOf(stickyKey ?? messageId, 'e1', share) === 'treatment';

test('in a shadow everybody is served as before, and the candidate is heard last', async () => {
  const { engine, asked } = serving();
  const [first, prompt] = await predictionsOf(
    [trialOf()],
    [message('c1'), message('p1', { kind: 'prompt' })],
    engine,
  );
  assert.deepEqual(
    first!.results.map(({ release, arm }) => `${release} ${arm}`),
    ['language@1.0.0 null', 'sentiment@1.0.0 control', 'toxicity@1.0.0 null', 'sentiment@1.1.0 shadow'],
  );
  assert.deepEqual(shown(first), ['sentiment@1.0.0 positive control', 'sentiment@1.1.0 negative shadow']);
  // All tasks go together as they do without it, and kinds that are not asked the task know nothing of it.
  assert.deepEqual(asked[0], { tasks: tasks.comment, texts: ['c1'] });
  assert.deepEqual(
    prompt!.results.map(({ arm }) => arm),
    [null],
  );
  const releases = tasks.comment.map((task) => `${task}@1.0.0`);
  assert.equal(first!.id, derivedId('c1', 'inference', ...releases), 'who watches has no part in the id');
  const [score] = await createScoring({ toxicityThreshold: 0.5, toxicityThresholds: {} })([first!]);
  assert.ok(score?.kind === 'ok');
  assert.deepEqual(score.outputs[0]!.releases, releases);
  assert.equal(score.outputs[0]!.sentiment, 'positive');
});

test('a shadow of a share watches the same people always', async () => {
  const predictions = await predictionsOf([trialOf({ share: 0.3 })], many);
  for (const [at, prediction] of predictions.entries()) {
    const expected = isTreated(many[at]!, 0.3)
      ? ['sentiment@1.0.0 positive control', 'sentiment@1.1.0 negative shadow']
      : ['sentiment@1.0.0 positive null'];
    assert.deepEqual(shown(prediction), expected);
  }
});

test('in a canary each person has one arm, and only its model is asked', async () => {
  const { engine, asked } = serving();
  const predictions = await predictionsOf([trialOf({ stage: 'canary', share: 0.3 })], many, engine);
  for (const [at, prediction] of predictions.entries())
    assert.deepEqual(
      shown(prediction),
      isTreated(many[at]!, 0.3)
        ? ['sentiment@1.1.0 negative treatment']
        : ['sentiment@1.0.0 positive control'],
    );
  const control = many.filter((each) => !isTreated(each, 0.3)).map(({ text }) => text);
  assert.ok(control.length > 0 && control.length < many.length);
  assert.deepEqual(asked.find(({ tasks: [task] }) => task === 'sentiment')!.texts, control);
  assert.deepEqual(asked.find(({ tasks: [task] }) => task === 'language')!.texts.length, many.length);
});

test('two tasks are on trial at once, each with people of its own', async () => {
  const toxicity = trialOf({
    ...{ task: 'toxicity', experiment: 'e2', treatment: 'toxicity@2.0.0', stage: 'canary', share: 0.5 },
    ask: async (texts) =>
      texts.map((_, row) => ({ answers: answersOf('toxicity@2.0.0', texts, false), row })),
  });
  const predictions = await predictionsOf([trialOf({ stage: 'canary', share: 0.5 }), toxicity], many);
  const pairs = predictions.map((each) => `${shown(each)![0]!.at(-1)}${shown(each, 'toxicity')![0]!.at(-1)}`);
  assert.equal(new Set(pairs).size, 4, 'who is in one treatment says nothing about the other');
});

test('what the candidate does not answer is answered without it, and told', async () => {
  const batch = [message('c1'), message('unanswerable')];
  const inShadow = await predictionsOf([trialOf()], batch);
  assert.deepEqual(shown(inShadow[1]), ['sentiment@1.0.0 positive control', 'sentiment@1.1.0  shadow']);
  const inCanary = await predictionsOf([trialOf({ stage: 'canary' })], batch);
  assert.deepEqual(shown(inCanary[0]), ['sentiment@1.1.0 negative treatment']);
  assert.deepEqual(shown(inCanary[1]), ['sentiment@1.0.0 positive control', 'sentiment@1.1.0  shadow']);
  assert.deepEqual(inCanary[1]!.results.at(-1)!.labels, []);
});

test('a text that ends threads of what serves is invalid, and takes no other along, in either arm', async () => {
  const batch = [...many.slice(0, 30), message('deadly', { stickyKey: 'author-1' }), ...many.slice(30, 60)];
  for (const stage of ['shadow', 'canary'] as const)
    for (const share of [0.001, 0.999]) {
      const predictions = await predictionsOf([trialOf({ stage, share })], batch);
      assert.deepEqual(
        [...predictions.keys()].filter((at) => predictions[at] === null),
        [30],
      );
    }
});

test('trials are looked up for each batch: they begin and end between two', async () => {
  let trials: readonly Trial[] = [];
  const inference = createInference({ engine: serving().engine, tasks, trials: () => trials });
  const armsNow = async () => {
    const [outcome] = await inference([message('c1')]);
    assert.ok(outcome?.kind === 'ok');
    return outcome.outputs[0]!.results.map(({ arm }) => arm);
  };
  assert.deepEqual(await armsNow(), [null, null, null]);
  trials = [trialOf()];
  assert.deepEqual(await armsNow(), [null, 'control', null, 'shadow']);
  trials = [];
  assert.deepEqual(await armsNow(), [null, null, null]);
});
