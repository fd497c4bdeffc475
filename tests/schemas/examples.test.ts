// Every processor over every good example: the examples of a later stage are what the processors make of an earlier one.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { topicFormat } from '../../connectors/wire/format.ts';
import { completeMessage } from '../../connectors/wire/origin.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import { createFeatures, type Source } from '../../processors/features/features.ts';
import { createScoring } from '../../processors/scoring/scoring.ts';
import { deadLetterCodes } from '../../schemas/dead-letter.ts';
import type { Kind } from '../../schemas/features.ts';
import type { Outcome } from '../../schemas/outcome.ts';
import type { Prediction } from '../../schemas/prediction.ts';
import type { Message } from '../../schemas/topic.ts';
import { topics } from '../../schemas/topics.ts';

interface Good {
  readonly name: string;
  readonly payload: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly message: Readonly<Record<string, unknown>>;
}
interface Examples {
  readonly good: readonly Good[];
  readonly bad: readonly { readonly name: string; readonly code: string }[];
}

const place = (topic: string): URL => new URL(`../../schemas/examples/${topic}.json`, import.meta.url);
const examplesOf = (topic: string): Examples => JSON.parse(readFileSync(place(topic), 'utf8')) as Examples;

/** The message of a good example, as a stream would read it. */
function messageOf(topicName: string, { name, payload, headers = {} }: Good): Message {
  const topic = topics.find((one) => one.name === topicName);
  assert.ok(topic);
  const draft = topicFormat(topic).readJson(payload);
  assert.ok(!(draft instanceof Refusal), name);
  const record = {
    ...{ key: null, value: null, offset: 7, timestamp: 1_700_000_000_000 },
    headers: Object.fromEntries(Object.entries(headers).map(([header, text]) => [header, Buffer.from(text)])),
  };
  const message = completeMessage(draft as Record<string, unknown>, record, topicName, 3);
  assert.ok(!(message instanceof Refusal), name);
  return message;
}

/** Each example of `topic` that was made from one of the messages is what the processor made of it. */
function expectMade(topic: string, outcomes: readonly Outcome<Message>[]): void {
  const made = new Map<unknown, Message>();
  for (const outcome of outcomes) {
    assert.equal(outcome.kind, 'ok');
    if (outcome.kind === 'ok') for (const output of outcome.outputs) made.set(output.messageId, output);
  }
  const expected = examplesOf(topic).good.map((example) => messageOf(topic, example));
  const found = expected.filter((message) => made.has(message.messageId));
  assert.ok(found.length >= 1, `no example of ${topic} was made from one of the stage before`);
  for (const message of found) assert.deepEqual(made.get(message.messageId), message);
}

test('every topic has two good examples or more and one bad one, with codes that exist', () => {
  for (const { name } of topics) {
    assert.ok(existsSync(place(name)), `schemas/examples/${name}.json is missing`);
    const { good, bad } = examplesOf(name);
    assert.ok(good.length >= 2 && bad.length >= 1, name);
    const names = [...good, ...bad].map((example) => example.name);
    assert.equal(new Set(names).size, names.length, `${name} has two examples of one name`);
    for (const { code } of bad) assert.ok((deadLetterCodes as readonly string[]).includes(code), code);
  }
});

const kinds: readonly (readonly [string, Kind])[] = [
  ['comments', 'comment'],
  ['prompts', 'prompt'],
];
for (const [topic, kind] of kinds) {
  test(`features of every good example of ${topic}`, async () => {
    const sources = examplesOf(topic).good.map(
      (example) => ({ kind, message: messageOf(topic, example) }) as Source,
    );
    expectMade('features', await createFeatures()(sources));
  });
}

test('scores of every good example of predictions', async () => {
  const predictions = examplesOf('predictions').good.map(
    (example) => messageOf('predictions', example) as Prediction,
  );
  const score = createScoring({ toxicityThreshold: 0.5, toxicityThresholds: {} });
  expectMade('scores', await score(predictions));
});
