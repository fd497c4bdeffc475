// The loop's parts on their own: chunks, budget, breaker, retries, chains.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredRecord } from '../../connectors/log.ts';
import { Retryable } from '../../schemas/errors.ts';
import { invalid, type Outcome, ok } from '../../schemas/outcome.ts';
import type { Message } from '../../schemas/topic.ts';
import { Breaker, TooManyInvalid } from '../../streams/breaker.ts';
import { Budget } from '../../streams/budget.ts';
import { chain } from '../../streams/chain.ts';
import { cutChunks, recordBytes } from '../../streams/chunks.ts';
import { retry } from '../../streams/retry.ts';

const record = (offset: number, bytes: number): StoredRecord => ({
  offset,
  key: null,
  value: Buffer.alloc(bytes),
  headers: {},
  timestamp: 0,
});

test('chunks keep every record in order, within both limits, a giant alone', () => {
  const records = [10, 20, 5_000, 30, 40, 50].map((bytes, offset) => record(offset, bytes));
  const chunks = [...cutChunks(records, { recordsMax: 2, bytesMax: 1_000 })];
  assert.deepEqual(
    chunks.map((chunk) => chunk.map(({ offset }) => offset)),
    [[0, 1], [2], [3, 4], [5]],
  );
  assert.equal(recordBytes(records[2]!), 5_256);
});

test('a budget is never exceeded and serves in order', async () => {
  const budget = new Budget(100);
  const order: string[] = [];
  const first = await budget.take(80);
  const named = async (name: string, bytes: number) => {
    const release = await budget.take(bytes);
    order.push(name);
    return release;
  };
  const second = named('second', 50);
  const third = named('third', 10);
  await Promise.resolve();
  assert.deepEqual(order, []);
  first();
  const releases = await Promise.all([second, third]);
  assert.deepEqual(order, ['second', 'third']);
  assert.equal(budget.bytes, 60);
  for (const release of releases) release();
  assert.equal(budget.bytes, 0);
  const giant = await budget.take(1_000);
  giant();
});

test('the breaker opens only above its share of a full window', () => {
  const breaker = new Breaker({ shareMax: 0.5, windowRecords: 10 });
  const good: Outcome<number> = ok(1);
  const bad = invalid('malformed-json', 'no');
  breaker.observe('features', [bad, bad, bad, bad, bad, good, good, good, good, good]);
  breaker.observe('features', [bad, bad, bad, bad, bad, bad]);
  assert.throws(
    () => breaker.observe('features', [good, good, good, good]),
    (error: Error) => {
      assert.ok(error instanceof TooManyInvalid);
      assert.match(error.message, /6 of its last 10/);
      return true;
    },
  );
});

test('retryable work is tried until it works; anything else is thrown at once', async () => {
  let tries = 0;
  const options = { delayMs: 1, delayMaxMs: 2, signal: new AbortController().signal, onRetry: () => {} };
  const value = await retry(async () => {
    tries += 1;
    if (tries < 4) throw new Retryable('not yet', { code: 'unwell' });
    return 'done';
  }, options);
  assert.equal(value, 'done');
  assert.equal(tries, 4);
  await assert.rejects(
    retry(async () => {
      throw new TypeError('a bug');
    }, options),
    TypeError,
  );
});

test('retries end when the partition is taken away', async () => {
  const revoked = new AbortController();
  const failing = retry(
    async () => {
      throw new Retryable('down', { code: 'unwell' });
    },
    { delayMs: 10_000, delayMaxMs: 10_000, signal: revoked.signal, onRetry: () => revoked.abort() },
  );
  await assert.rejects(failing, Retryable);
});

test('a chain carries each message through its stages and keeps its place', async () => {
  const messageOf = (id: string): Message => ({
    id,
    tenant: 't',
    eventTime: 1,
    ingestTime: 1,
    source: 's',
    traceparent: '',
  });
  const timed: string[] = [];
  const joined = chain<string>(
    [
      {
        topic: 'features',
        published: false,
        process: async (ids: readonly string[]) =>
          ids.map((id) => (id === 'bad' ? invalid('no-text', 'empty') : ok(messageOf(`${id}/f`)))),
      },
      {
        topic: 'scores',
        published: true,
        process: async (messages: readonly Message[]) =>
          messages.map(({ id }) =>
            id.startsWith('drop') ? { kind: 'drop', reason: 'not wanted' } : ok(messageOf(`${id}/s`)),
          ),
      },
    ],
    (stage) => timed.push(stage),
  );
  const outcomes = await joined(['a', 'bad', 'drop', 'b']);
  assert.deepEqual(
    outcomes.map((outcome) => outcome.kind),
    ['ok', 'invalid', 'drop', 'ok'],
  );
  const last = outcomes[3]!;
  assert.ok(last.kind === 'ok');
  assert.deepEqual(
    last.outputs.map(({ topic, message }) => [topic, message.id]),
    [['scores', 'b/f/s']],
  );
  assert.deepEqual(timed, ['features', 'scores']);
});
