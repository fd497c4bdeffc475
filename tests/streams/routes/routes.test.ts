// Routes on a whole embedded Millrace: every record answered once, by the right answer, under its own key; bad ones in
// the dead letters; nothing twice after a crash between publishing and committing.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LogRecord, StoredRecord } from '../../../connectors/log.ts';
import { originHeader } from '../../../connectors/origin-mark.ts';
import { openEmbeddedRegistry } from '../../../connectors/registry/embedded.ts';
import { TopicDelivery } from '../../../connectors/topic-delivery.ts';
import { openWire } from '../../../connectors/wire/wire.ts';
import { hashText } from '../../../processors/inference/hashed/hashing.ts';
import { hashingSchema } from '../../../schemas/model-hashing.ts';
import { ok } from '../../../schemas/outcome.ts';
import { topics } from '../../../schemas/topics.ts';
import { allRecords } from '../../contract/log/subject.ts';
import { recordOf, scratchDirectory, startRunning } from '../../e2e/running.ts';
import { buckets, expected, labels, smallModel } from '../../processors/inference/hashed/small-model.ts';
import { execute } from '../commands/executed.ts';

const hashing = hashingSchema.parse({ bigrams: true, buckets, idsMax: 20 });

/** A store with the small model in it, imported as a user does. */
async function storeIn(directory: string): Promise<string> {
  const models = join(directory, 'models');
  mkdirSync(models);
  writeFileSync(join(directory, 'small.onnx'), smallModel());
  const argv = [
    'models',
    'import',
    'small.onnx',
    '--kind',
    'hashed',
    '--task',
    'small',
    '--version',
    '1.0.0',
  ];
  const { code, stderr } = await execute(
    [...argv, '--labels', labels.join(','), '--hashing', JSON.stringify(hashing)],
    { env: { MILLRACE_MODELS_DIRECTORY: models }, workingDirectory: directory },
  );
  assert.equal(code, 0, stderr);
  return models;
}

interface Answer {
  readonly id: string;
  readonly label: string;
  readonly probs: readonly number[];
  readonly model: string;
  readonly version: string;
  readonly latencyMs: number;
}

const answerOf = (record: StoredRecord): Answer => JSON.parse(record.value!.toString('utf8')) as Answer;

const textOf = (n: number): string => `word${n % 7} äÖ ${'filler '.repeat(n % 5)}w${n} 漢字`;

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** 300 comments, some of them as only the exact path reads them, and four that are none. */
function inputs(): readonly LogRecord[] {
  const good = Array.from({ length: 300 }, (_, n) => {
    const value = { id: `c${n}`, text: textOf(n), ts: 5, nested: n % 11 === 0 ? { text: 'inner' } : null };
    const text = JSON.stringify(value);
    const escaped = n % 13 === 0 ? text.replace('filler', '\\u0066iller') : text;
    const record = recordOf(escaped, `key${n}`);
    return n === 17 ? { ...record, headers: { traceparent: Buffer.from(traceparent) } } : record;
  });
  const bad = ['{"id":"x1"}', 'no json', '{"id":"x2","text":5}', Buffer.from([0x7b, 0xff])];
  return [
    ...good,
    ...bad.map((value) => recordOf(value, 'bad')),
    recordOf({ text: 'no id here' }, 'nameless'),
  ];
}

test('a route answers every record once and sets the others aside', { timeout: 120_000 }, async () => {
  const scratch = scratchDirectory();
  const models = await storeIn(scratch.path);
  const running = await startRunning(join(scratch.path, 'data'), {
    MILLRACE_MODELS_DIRECTORY: models,
    MILLRACE_STREAMS: 'routes',
    MILLRACE_ROUTES:
      'name=talk from=talk task=small to=verdicts latency=throughput; name=index from=talk task=small to=indexes label=index',
  });
  try {
    const { log, wire, metrics } = running.stack;
    await log.publish([{ topic: 'talk', records: inputs() }]);
    const answers = await answered(running, 'verdicts', 301);
    const byKey = new Map(answers.map((record) => [record.key!.toString(), record]));
    assert.equal(byKey.size, 301);
    for (let n = 0; n < 300; n++) {
      const { id, label, probs, model, version, latencyMs } = answerOf(byKey.get(`key${n}`)!);
      const wanted = expected(hashText(textOf(n), hashing));
      assert.equal(id, `c${n}`);
      assert.deepEqual([model, version], ['small', '1.0.0']);
      for (const [at, value] of probs.entries())
        assert.ok(Math.abs(value - wanted[at]!) < 2e-6, `${id} ${value}`);
      assert.equal(label, labels[probs.indexOf(Math.max(...probs))]);
      assert.ok(latencyMs >= 0 && latencyMs < 120_000);
    }
    assert.match(answerOf(byKey.get('nameless')!).id, /^[0-9a-f]{32}$/);
    assert.equal(byKey.get('key17')!.headers.traceparent?.toString(), traceparent);
    assert.equal(byKey.get('key18')!.headers.traceparent, undefined);
    const marks = answers.map(({ headers }) => headers[originHeader]!.toString());
    assert.equal(new Set(marks).size, 301);
    assert.ok(marks.every((mark) => /^route-talk\/talk\/\d+\/\d+$/.test(mark)));

    const indexes = await answered(running, 'indexes', 301);
    for (const record of indexes) {
      const { label, probs } = answerOf(record);
      assert.equal(label, probs.indexOf(Math.max(...probs)));
    }
    const letters = await answered(running, 'dead-letters', 8);
    await wire.prepare('dead-letters', letters);
    const codes = letters.map((record) => {
      const letter = wire.decode('dead-letters', 0, record) as unknown as Record<'stage' | 'code', string>;
      return `${letter.stage} ${letter.code}`;
    });
    const each = ['invalid-utf8', 'malformed-json', 'missing-field', 'wrong-type'];
    assert.deepEqual(codes.sort(), [
      ...each.map((code) => `route-index ${code}`),
      ...each.map((code) => `route-talk ${code}`),
    ]);
    const exposition = await metrics.print();
    assert.match(exposition, /millrace_records_out_total\{stream="route-talk",topic="verdicts"\} 301/);
    assert.match(exposition, /millrace_dead_letters_total\{stage="route-talk",code="missing-field"\} 1/);
    // Nothing is stored, so ClickHouse was not even opened; whoever asks it something opens it.
    const stored = join(scratch.path, 'data', 'clickhouse');
    assert.ok(!existsSync(stored));
    assert.deepEqual(await running.stack.clickhouse.query('SELECT toUInt8(1) AS one'), [{ one: 1 }]);
    assert.ok(existsSync(stored));
    assert.match(exposition, /millrace_inference_texts_total\{task="small",release="small@1.0.0"\} 602/);
  } finally {
    await running.close();
    scratch.remove();
  }
});

/** All records of a topic once there are so many of them. */
async function answered(
  { stack: { log } }: Awaited<ReturnType<typeof startRunning>>,
  topic: string,
  count: number,
): Promise<readonly StoredRecord[]> {
  for (;;) {
    const records = (await allRecords(log, topic)).map(([, record]) => record);
    if (records.length >= count) return records;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('marked outputs are recognised after a crash and not published again', async () => {
  const scratch = scratchDirectory();
  const running = await startRunning(join(scratch.path, 'data'), { MILLRACE_STREAMS: 'sinks' });
  const registry = await openEmbeddedRegistry({ file: join(scratch.path, 'registry.json') });
  try {
    const { log } = running.stack;
    await log.createTopics(['from', 'to'].map((name) => ({ name, partitions: 1 })));
    const wire = await openWire({ topics, registry, format: 'json' });
    const options = {
      ...{ log, wire, stage: 'route-x', outputTopics: ['to', 'dead-letters'], now: Date.now },
      markedTopics: new Set(['to']),
    };
    await log.publish([
      { topic: 'from', records: Array.from({ length: 10 }, (_, n) => recordOf({ n }, 'k')) },
    ]);
    // Somebody else writes to the same topic.
    await log.publish([{ topic: 'to', records: [recordOf('of somebody else')] }]);
    const subscribing = {
      ...{ group: 'g', topics: ['from'], concurrency: 1, fetchWaitMs: 5, fetchBytesMin: 1 },
      ...{ partitionBytesMax: 65_536, sessionTimeoutMs: 10_000 },
    };
    /** One run: all that is there is delivered; with `crash` nothing that was published is committed. */
    const runOnce = async (crash: boolean) => {
      const delivery = new TopicDelivery(options);
      let handled!: () => void;
      const done = new Promise<void>((resolve) => {
        handled = resolve;
      });
      let lost = 0;
      const subscription = await log.subscribe(subscribing, async (batch) => {
        const { records } = batch;
        await delivery.resume(batch);
        const outcomes = records.map(({ offset }) => {
          const headers = { [originHeader]: Buffer.from(`route-x/from/0/${offset}`) };
          return ok({ topic: 'to', record: { ...recordOf({ offset }, 'k'), headers } });
        });
        const commit = async () => {
          lost += 1;
        };
        const losing = crash ? { ...batch, commit } : batch;
        await delivery.deliver({ batch: losing, records, outcomes, end: records.at(-1)!.offset + 1 });
        handled();
      });
      await done;
      await subscription.close();
      if (crash) assert.ok(lost > 0);
    };
    await runOnce(true);
    assert.equal((await allRecords(log, 'to')).length, 11);
    await runOnce(false);
    assert.equal((await allRecords(log, 'to')).length, 11);
    assert.deepEqual((await log.positions('g', ['from']))[0]?.offset, 10);
  } finally {
    await running.close();
    await registry.close();
    scratch.remove();
  }
});
