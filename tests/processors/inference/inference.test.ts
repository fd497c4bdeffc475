// The inference processor on the shipped models.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loadServing } from '../../../connectors/model-store.ts';
import { ModelCrashed } from '../../../processors/inference/call.ts';
import { createEngine, type Engine } from '../../../processors/inference/engine.ts';
import { createInference, resultOf } from '../../../processors/inference/inference.ts';
import { narrowed } from '../../../processors/inference/language-policy.ts';
import { type Features, featureItems, type Kind } from '../../../schemas/features.ts';
import { derivedId } from '../../../schemas/identity.ts';

const comment = ['language', 'sentiment', 'toxicity', 'emotion'];
const prompt = ['prompt-intent', 'language'];
let engine: Engine;

before(async () => {
  engine = await createEngine({ models: await loadServing('models', [...comment, ...prompt]), workers: 1 });
});
after(() => engine.close());

const features = (kind: Kind, messageId: string, text: string): Features => ({
  id: `features-of-${messageId}`,
  tenant: 'acme',
  eventTime: 1,
  ingestTime: 2,
  source: 'test',
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  messageId,
  kind,
  text,
  values: featureItems.map(({ name }) => (name === 'characters' ? [...text].length : 0)),
  stickyKey: null,
});

test('comments and prompts of one batch get the answers of their models, in their places', async () => {
  const batch = [
    features('comment', 'c1', 'You are a stupid idiot and everybody hates you.'),
    features('prompt', 'p1', 'Summarize the following article in three sentences.'),
    features('comment', 'c2', 'Thank you so much, this is wonderful!'),
    features('comment', 'c3', 'Ich verstehe nicht, was du damit sagen willst.'),
    features('comment', 'c4', '…'),
  ];
  const outcomes = await createInference({ engine, tasks: { comment, prompt } })(batch);
  const answers = outcomes.map((outcome) => {
    assert.equal(outcome.kind, 'ok');
    return outcome.kind === 'ok' ? outcome.outputs[0]! : assert.fail();
  });
  assert.deepEqual(
    answers.map(({ messageId }) => messageId),
    ['c1', 'p1', 'c2', 'c3', 'c4'],
  );
  assert.deepEqual(
    answers.map(({ language }) => language),
    ['en', 'en', 'en', 'de', 'und'],
  );
  const label = (row: number, task: string) =>
    answers[row]!.results.find((result) => result.task === task)!.label;
  assert.equal(label(0, 'toxicity'), 'toxic');
  assert.equal(label(2, 'toxicity'), 'not-toxic');
  assert.equal(label(2, 'sentiment'), 'positive');
  assert.equal(label(2, 'emotion'), 'gratitude');
  assert.equal(label(1, 'prompt-intent'), 'summarization');
  assert.deepEqual(
    answers[1]!.results.map(({ task }) => task),
    prompt,
  );
  const first = answers[0]!;
  assert.equal(first.id, derivedId('c1', 'inference', ...first.results.map(({ release }) => release)));
  assert.equal(first.textLength, batch[0]!.text.length);
  assert.equal(first.tenant, 'acme');
  assert.equal(first.traceparent, batch[0]!.traceparent);
  assert.equal(answers[4]!.results[0]!.confidence, 0);
});

test('results keep the three leading labels above one per cent, as exact 32-bit floats', () => {
  const answers = {
    task: 't',
    release: 't@1.0.0',
    labels: ['a', 'b', 'c', 'd', 'e'],
    activation: 'softmax' as const,
    emptyLabel: 'a',
    probabilities: Float32Array.of(0.2, 0.2, 0.2, 0.2, 0.2, 0.1, 0.3, 0.005, 0.4, 0.195),
  };
  const second = resultOf(answers, 1);
  assert.deepEqual(second.labels, ['d', 'b', 'e']);
  assert.equal(second.label, 'd');
  assert.equal(second.confidence, Math.fround(0.4));
  assert.ok(second.probabilities.every((value) => Math.fround(value) === value));
  // Equal probabilities keep the order of the labels, so that answers do not flicker.
  assert.deepEqual(resultOf(answers, 0).labels, ['a', 'b', 'c']);
});

test('a tenant’s expected languages rule the others out, and groups are summed', () => {
  const answers = {
    task: 'language',
    release: 'language@1.0.0',
    labels: ['de', 'en', 'hr', 'sr'],
    activation: 'softmax' as const,
    groups: { hbs: ['hr', 'sr'] },
    emptyLabel: 'und',
    probabilities: Float32Array.of(0, 0, 0, 0, 0.5, 0.1, 0.25, 0.15),
  };
  const expected = { acme: ['en', 'hr'], other: ['sr'], '*': ['de', 'hr', 'sr'] };
  const acme = narrowed(answers, 1, { expected, grouped: false }, 'acme');
  assert.deepEqual(
    [...acme.probabilities].map((value) => value.toFixed(3)),
    ['0.000', '0.286', '0.714', '0.000'],
  );
  const anyone = narrowed(answers, 1, { expected, grouped: true }, 'somebody');
  assert.deepEqual(anyone.labels, ['de', 'en', 'hbs']);
  assert.equal(resultOf(anyone, 0).label, 'de');
  assert.ok(Math.abs(anyone.probabilities[2]! - 4 / 9) < 1e-6);
  const nothing = narrowed(answers, 0, { expected, grouped: false }, 'other');
  assert.equal(resultOf(nothing, 0).label, 'und');
  assert.equal(resultOf(narrowed(answers, 1, { expected: {}, grouped: false }, 'acme'), 0).label, 'de');
});

test('scores keep all labels in the model’s order, as shares of a hundred', () => {
  const result = resultOf(
    {
      task: 'prompt-quality',
      release: 'prompt-quality@1.0.0',
      labels: ['quality', 'clarity', 'context'],
      activation: 'identity',
      emptyLabel: 'quality',
      probabilities: Float32Array.of(62.5, 110, -3),
    },
    0,
  );
  assert.deepEqual(result.labels, ['quality', 'clarity', 'context']);
  assert.deepEqual(result.probabilities, [0.625, 1, 0]);
  assert.equal(result.confidence, 0.625);
});

test('a text that ends threads is invalid, asked about no more, and takes no other message along', async () => {
  const asked: (readonly string[])[] = [];
  const crashing = {
    async predict(tasks: readonly string[], texts: readonly string[]) {
      asked.push(texts);
      const places = [...texts.keys()].filter((place) => texts[place]!.startsWith('deadly'));
      if (places.length > 0) throw new ModelCrashed(tasks, places, new Error('exit code 139'));
      return engine.predict(tasks, texts);
    },
  };
  const texts = ['Thank you!', 'deadly one', 'How nice.', 'deadly two'];
  const batch = texts.map((text, index) => features('comment', `c${index}`, text));
  const outcomes = await createInference({ engine: crashing, tasks: { comment, prompt } })(batch);
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.kind === 'invalid' ? outcome.code : outcome.kind)),
    ['ok', 'model-crashed', 'ok', 'model-crashed'],
  );
  const first = outcomes[1]!;
  assert.ok(first.kind === 'invalid' && /exit code 139/.test(first.reason));
  assert.deepEqual(asked.at(-1), ['Thank you!', 'How nice.']);
});

test('what is no number is never a prediction: that message is invalid, its neighbours are not', async () => {
  const labels = ['negative', 'positive'];
  for (const nonsense of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const dreaming = {
      async predict(tasks: readonly string[], texts: readonly string[]) {
        return tasks.map((task) => {
          const probabilities = new Float32Array(texts.length * 2).fill(0.5);
          if (task === 'toxicity') probabilities[3] = nonsense;
          const release = `${task}@1.0.0`;
          return { task, release, labels, activation: 'softmax' as const, emptyLabel: 'x', probabilities };
        });
      },
    };
    const batch = ['a', 'b', 'c'].map((text) => features('comment', text, text));
    const outcomes = await createInference({ engine: dreaming, tasks: { comment, prompt } })(batch);
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['ok', 'invalid', 'ok'],
    );
    assert.deepEqual(outcomes[1], {
      kind: 'invalid',
      code: 'model-output',
      reason: `toxicity@1.0.0 says ${nonsense} for “positive”`,
    });
  }
});
