// Millrace on one page, executable. Read from top to bottom; every step runs on the real parts, in a directory of its own.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openEmbeddedLog } from '../connectors/embedded-log/embedded-log.ts';
import { openEmbeddedRegistry } from '../connectors/registry/embedded.ts';
import { Refusal } from '../connectors/wire/refusal.ts';
import { openWire } from '../connectors/wire/wire.ts';
import { compareWindow } from '../processors/drift/window.ts';
import { createFeatures, type Source } from '../processors/features/features.ts';
import { createInference } from '../processors/inference/inference.ts';
import { createScoring } from '../processors/scoring/scoring.ts';
import type { Comment } from '../schemas/comment.ts';
import { featureAt } from '../schemas/features.ts';
import { topics } from '../schemas/topics.ts';
import { chain } from '../streams/chain.ts';
import { loadConfiguration } from '../streams/configuration/configuration.ts';
import { openEngine } from '../streams/models.ts';
import { startRunning } from './e2e/running.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-tour-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const configuration = loadConfiguration({ env: {} });

test('a message is declared once, in schemas/: topic, key and fields; everything else is printed from that', () => {
  const comments = topics.find(({ name }) => name === 'comments')!;
  assert.equal(comments.key, 'id');
  assert.equal(comments.fields.text?.unit, 'characters');
});

test('a log keeps records in partitions, each with an offset; equal keys keep their order', async () => {
  const log = await openEmbeddedLog({ directory: join(directory, 'log') });
  await log.createTopics([{ name: 'comments', partitions: 2 }]);
  const record = {
    key: Buffer.from('k'),
    value: Buffer.from('{"text":"first"}'),
    headers: {},
    timestamp: Date.now(),
  };
  const [published] = await log.publish([{ topic: 'comments', records: [record, record] }]);
  assert.deepEqual([published!.baseOffset, published!.count], [0, 2]);
  await log.close();
});

test('the wire makes messages of records, Avro or JSON; what is no message becomes a refusal with a code', async () => {
  const registry = await openEmbeddedRegistry({ file: join(directory, 'registry.json') });
  const wire = await openWire({ topics, registry, format: 'avro' });
  const stored = (text: string) => ({
    key: null,
    value: Buffer.from(text),
    headers: {},
    timestamp: 1_000,
    offset: 5,
  });
  const message = wire.decode('comments', 0, stored('{"text":"hello there"}'));
  assert.ok(!(message instanceof Refusal));
  assert.equal(message.ingestTime, 1_000);
  const refusal = wire.decode('comments', 0, stored('{"text":'));
  assert.ok(refusal instanceof Refusal && refusal.code === 'malformed-json');
});

const comment = (text: string): Source => ({
  kind: 'comment',
  message: {
    id: 'c',
    tenant: 't',
    eventTime: 1,
    ingestTime: 1,
    source: 's',
    traceparent: '',
    text,
  } as Comment,
});

test('a processor is a function from a batch to outcomes: outcome i is what became of message i', async () => {
  const [good, bad] = await createFeatures()([comment('Two words.'), comment(' \n ')]);
  assert.ok(good!.kind === 'ok' && good!.outputs[0]!.values[featureAt.words] === 2);
  assert.ok(bad!.kind === 'invalid' && bad!.code === 'no-text');
});

test('models live in threads; a chain hands a batch from features to models to one score, all in memory', async () => {
  const tasks = { comment: ['language', 'sentiment', 'toxicity'], prompt: ['language'] };
  const engine = await openEngine(configuration, tasks.comment);
  const stages = [
    { topic: 'features', process: createFeatures(), published: false },
    { topic: 'predictions', process: createInference({ engine, tasks }), published: true },
    { topic: 'scores', process: createScoring(configuration.scoring), published: true },
  ];
  const joined = chain<Source>(stages, () => {});
  const [outcome] = await joined([comment('Was für ein wunderschöner Morgen, vielen Dank!')]);
  assert.ok(outcome?.kind === 'ok');
  assert.deepEqual(
    outcome.outputs.map(({ topic }) => topic),
    ['predictions', 'scores'],
  );
  assert.equal(outcome.outputs[1]!.message.language, 'de');
  await engine.close();
});

test('the loop runs it all: a record on a topic becomes rows in ClickHouse, and a bad one a dead letter', async () => {
  const running = await startRunning(join(directory, 'system'));
  const record = (text: string) => ({
    key: null,
    value: Buffer.from(text),
    headers: {},
    timestamp: Date.now(),
  });
  const records = ['{"id":"tour","text":"You are a complete idiot."}', 'not a message'].map(record);
  await running.stack.log.publish([{ topic: 'comments', records }]);
  await running.settled();
  const rows = await running.stack.clickhouse.query(
    "SELECT messageId, toxic FROM scores WHERE kind = 'comment'",
  );
  assert.deepEqual(rows, [{ messageId: 'tour', toxic: true }]);
  const letters = await running.stack.clickhouse.query('SELECT stage, code FROM dead_letters');
  assert.deepEqual(letters, [{ stage: 'features', code: 'malformed-json' }]);
  await running.close();
});

test('a release remembers the traffic it was made for; a window that looks different has drifted', () => {
  const [bins, counts] = [
    ['en', 'de'],
    [900, 100],
  ];
  const baseline = [
    {
      release: 'language@1.0.0',
      feature: 'label',
      kind: 'categorical',
      edges: [],
      bins,
      counts,
      samples: 1_000,
    },
  ] as const;
  const thresholds = { psi: 0.25, jensenShannon: 0.1 };
  const verdict = (en: number, de: number) => {
    const histogram = [
      { feature: 'label', bin: 'en', count: en },
      { feature: 'label', bin: 'de', count: de },
    ];
    return compareWindow({ baseline, histogram, samplesMin: 500, thresholds }).verdict;
  };
  assert.deepEqual(
    [verdict(905, 95), verdict(300, 700), verdict(3, 7)],
    ['stable', 'drifted', 'too-few-samples'],
  );
});
