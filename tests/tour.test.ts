// Millrace on one page, executable. Read it from top to bottom: every step runs on the real parts, in a directory of
// its own, and what it says is asserted.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Refusal } from '../connectors/wire/refusal.ts';
import { compareWindow } from '../processors/drift/window.ts';
import { createFeatures, type Source } from '../processors/features/features.ts';
import { createInference } from '../processors/inference/inference.ts';
import { createScoring } from '../processors/scoring/scoring.ts';
import type { Comment } from '../schemas/comment.ts';
import { featureAt } from '../schemas/features.ts';
import { topics } from '../schemas/topics.ts';
import { chain } from '../streams/chain.ts';
import { openEngine } from '../streams/models.ts';
import { startRunning } from './e2e/running.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-tour-'));
// A whole Millrace in one process: log, schema registry, ClickHouse, models, streams.
const running = await startRunning(directory);
const { log, wire, clickhouse, configuration } = running.stack;
after(async () => {
  await running.close();
  rmSync(directory, { recursive: true, force: true });
});

const recordOf = (text: string) => ({
  key: null,
  value: Buffer.from(text),
  headers: {},
  timestamp: Date.now(),
});

// A message is declared once, in schemas/, as a value: its topic, its key, its fields with units and docs. The
// TypeScript type, the Avro schema, the ClickHouse table and the AsyncAPI document are printed from that.
test('a message is declared once', () => {
  const comments = topics.find(({ name }) => name === 'comments')!;
  assert.equal(comments.key, 'id');
  assert.equal(comments.fields.text?.unit, 'characters');
});

// Records travel in topics, topics have partitions, and a record’s place in one is its offset. The log is Kafka, or an
// embedded one with the same semantics on disk; nothing above this port knows which.
test('the log keeps records in order', async () => {
  const records = ['{"messageId":"a","task":"toxicity"}', '{"messageId":"b","task":"toxicity"}'].map(
    recordOf,
  );
  const [published] = await log.publish([{ topic: 'feedback', records }]);
  assert.deepEqual([published!.baseOffset, published!.count], [0, 2]);
});

// The wire makes messages of records: Confluent-framed Avro or plain JSON, told apart by the first byte. What a producer
// left out is filled in the same way everywhere; what is no message is a refusal with a code, never an exception.
test('the wire decodes records into messages', () => {
  const message = wire.decode('comments', 0, { ...recordOf('{"text":"hello"}'), offset: 5 });
  assert.ok(!(message instanceof Refusal) && message.tenant === 'default' && message.id.length === 32);
  const refusal = wire.decode('comments', 0, { ...recordOf('{"text":'), offset: 6 });
  assert.ok(refusal instanceof Refusal && refusal.code === 'malformed-json');
});

const envelope = { id: 'c', tenant: 't', eventTime: 1, ingestTime: 1, source: 's', traceparent: '' };
const commentOf = (text: string): Source => ({
  kind: 'comment',
  message: { ...envelope, text, author: null, thread: null } satisfies Comment,
});

// A processor is a function from a batch to outcomes, without sockets, clock or environment. Outcome i is what became
// of message i: `ok` with outputs, `drop`, or `invalid` with a reason code, which makes it a dead letter.
test('a processor turns a batch into outcomes', async () => {
  const [good, bad] = await createFeatures()([commentOf('Two words.'), commentOf(' \n ')]);
  assert.ok(good?.kind === 'ok' && good.outputs[0]!.values[featureAt.words] === 2);
  assert.ok(bad?.kind === 'invalid' && bad.code === 'no-text');
});

// Models are files that the inference processor was given; they run in threads. A chain hands a batch from features to
// inference to scoring in memory; with `mode: apart` the same processors run one by one, with topics in between.
test('a chain of processors makes one score of a comment', async () => {
  const tasks = { comment: ['language', 'sentiment'], prompt: [] };
  const engine = await openEngine(configuration, tasks.comment);
  const stages = [
    { topic: 'features', process: createFeatures(), published: false },
    { topic: 'predictions', process: createInference({ engine, tasks }), published: true },
    { topic: 'scores', process: createScoring(configuration.scoring), published: true },
  ];
  const process = chain<Source>(stages, () => {});
  const [outcome] = await process([commentOf('What a wonderful morning, thank you so much!')]);
  await engine.close();
  assert.ok(outcome?.kind === 'ok');
  const [prediction, score] = outcome.outputs;
  assert.deepEqual([prediction?.topic, score?.topic], ['predictions', 'scores']);
  assert.deepEqual([score?.message.language, score?.message.sentiment], ['en', 'positive']);
});

// One loop runs every stream: it polls, decodes, calls the processor, and gives the outcomes to a delivery, which makes
// them durable before it commits the input. Deliveries write to topics or, under a journal, to ClickHouse.
test('a record on a topic becomes rows in ClickHouse, and a bad one a dead letter', async () => {
  const records = ['{"id":"tour","text":"You are a complete idiot."}', 'not a message'].map(recordOf);
  await log.publish([{ topic: 'comments', records }]);
  await running.settled();
  const scores = await clickhouse.query('SELECT messageId, toxic FROM scores');
  assert.deepEqual(scores, [{ messageId: 'tour', toxic: true }]);
  const letters = await clickhouse.query('SELECT stage, code FROM dead_letters');
  assert.deepEqual(letters, [{ stage: 'features', code: 'malformed-json' }]);
});

// A release carries a frozen baseline: how its answers were distributed on rows it was not trained on. Windows of
// traffic are compared with it; one that has moved away gives a report, an alert and a request for retraining.
test('a window that looks unlike the baseline has drifted', () => {
  const bins = { release: 'language@1.0.0', feature: 'label', kind: 'categorical', edges: [] } as const;
  const baseline = [{ ...bins, bins: ['en', 'de'], counts: [900, 100], samples: 1_000 }];
  const verdict = (en: number, de: number) => {
    const histogram = [
      { bin: 'en', count: en },
      { bin: 'de', count: de },
    ].map((bin) => ({ feature: 'label', ...bin }));
    const thresholds = { psi: 0.25, 'jensen-shannon': 0.1 };
    return compareWindow({ baseline, histogram, samplesMin: 500, thresholds }).verdict;
  };
  assert.equal(verdict(905, 95), 'stable');
  assert.equal(verdict(300, 700), 'drifted');
  assert.equal(verdict(3, 7), 'too-few-samples');
});
