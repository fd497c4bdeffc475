// The loop's parts on their own: chunks, budget, breaker, retries, chains.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { StoredRecord } from '../../../connectors/log.ts';
import { Retryable } from '../../../schemas/errors.ts';
import { invalid, type Outcome, ok } from '../../../schemas/outcome.ts';
import type { Message } from '../../../schemas/topic.ts';
import { chain } from '../../../streams/chain.ts';
import { Breaker, TooManyInvalid } from '../../../streams/loop/breaker.ts';
import { Budget } from '../../../streams/loop/budget.ts';
import { cutChunks, recordBytes } from '../../../streams/loop/chunks.ts';
import { retry } from '../../../streams/loop/retry.ts';

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

test('a budget gives every partition one chunk, and more of them in order while there is room', async () => {
  const budget = new Budget(100);
  const order: string[] = [];
  const named = async (name: string, bytes: number, holder: string) => {
    const release = await budget.take(bytes, holder);
    order.push(name);
    return release;
  };
  const first = await named('first', 80, 'a');
  const giant = await named('giant', 1_000, 'b');
  assert.equal(budget.bytes, 1_080);
  const ahead = named('ahead', 50, 'a');
  const aheadOfGiant = named('ahead of giant', 10, 'b');
  await turn();
  assert.deepEqual(order, ['first', 'giant']);
  giant();
  giant();
  await turn();
  // b has nothing any more and is served before a, which waits for room and was there first.
  assert.deepEqual(order, ['first', 'giant', 'ahead of giant']);
  assert.equal(budget.bytes, 90);
  first();
  for (const release of await Promise.all([ahead, aheadOfGiant])) release();
  assert.deepEqual(order.slice(3), ['ahead']);
  assert.equal(budget.bytes, 0);
});

test('who holds much for long starves nobody', async () => {
  const budget = new Budget(100);
  const retrying = await Promise.all([budget.take(90, 'stuck'), budget.take(90, 'stuck too')]);
  for (let chunk = 0; chunk < 100; chunk += 1) (await budget.take(60, 'other'))();
  // Also with a chunk ahead of each: it is let through when the one before it is done.
  let current = await budget.take(60, 'other');
  for (let chunk = 0; chunk < 100; chunk += 1) {
    const ahead = budget.take(60, 'other');
    current();
    current = await ahead;
  }
  current();
  for (const release of retrying) release();
  assert.equal(budget.bytes, 0);
});

const good: Outcome<number> = ok(1);
const bad = invalid('malformed-json', 'no');
const many = (count: number, invalidEvery: number): Outcome<number>[] =>
  Array.from({ length: count }, (_, index) => (index % invalidEvery === 0 ? bad : good));

test('the breaker opens only above its share of a full window, and stays open', () => {
  const breaker = new Breaker({ shareMax: 0.5, windowRecords: 10 });
  breaker.observe('features', [bad, bad, bad, bad, bad, good, good, good, good, good]);
  breaker.observe('features', [bad, bad, bad, bad, bad]);
  breaker.check();
  const opened = (error: Error) => {
    assert.ok(error instanceof TooManyInvalid);
    assert.match(error.message, /6 of its last 10/);
    assert.deepEqual(error.place, { topic: 't', partition: 1, offset: 7 });
    return true;
  };
  assert.throws(() => breaker.observe('features', [bad], { topic: 't', partition: 1, offset: 7 }), opened);
  assert.throws(() => breaker.observe('features', [good]), opened);
  assert.throws(() => breaker.check(), opened);
});

test('poison at one per cent passes the breaker for ever, at sixty per cent it opens at the first chunk', () => {
  const rare = new Breaker({ shareMax: 0.5, windowRecords: 1_000 });
  for (let chunk = 0; chunk < 100; chunk += 1) rare.observe('features', many(500, 100));
  const mostly = Array.from({ length: 500 }, (_, index) => (index % 10 < 6 ? bad : good));
  const fresh = new Breaker({ shareMax: 0.5, windowRecords: 1_000 });
  assert.throws(() => fresh.observe('features', mostly), TooManyInvalid);
});

test('no window lets more become dead letters than its share, and a start lets few', () => {
  const lettersUntilOpen = (breaker: Breaker): number => {
    for (let letters = 0; ; letters += 1)
      try {
        breaker.observe('features', [bad]);
      } catch {
        return letters;
      }
  };
  assert.equal(lettersUntilOpen(new Breaker({ shareMax: 0.5, windowRecords: 1_000 })), 50);
  const running = new Breaker({ shareMax: 0.5, windowRecords: 1_000 });
  for (let chunk = 0; chunk < 100; chunk += 1) running.observe('features', many(500, 100));
  const letters = lettersUntilOpen(running);
  assert.ok(letters >= 490 && letters <= 500, `${letters}`);
  // A share of one never opens it, a share of nothing at the first.
  const never = new Breaker({ shareMax: 1, windowRecords: 10 });
  for (let chunk = 0; chunk < 10; chunk += 1) never.observe('features', many(100, 1));
  assert.equal(lettersUntilOpen(new Breaker({ shareMax: 0, windowRecords: 10 })), 0);
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

test('retries go on for as long as it takes, with delays that stay within their cap', async () => {
  const delays: number[] = [];
  let tries = 0;
  await retry(
    async () => {
      tries += 1;
      if (tries <= 1_500) throw new Retryable('down for long', { code: 'unwell' });
    },
    {
      delayMs: 0.001,
      delayMaxMs: 0.002,
      signal: new AbortController().signal,
      onRetry: (_error, _attempt, delayMs) => delays.push(delayMs),
    },
  );
  assert.equal(delays.length, 1_500);
  assert.ok(delays.every((delayMs) => delayMs <= 1));
});

test('retries end when the partition is taken away, and the work is not begun again', async () => {
  const revoked = new AbortController();
  let tries = 0;
  const failing = retry(
    async () => {
      tries += 1;
      throw new Retryable('down', { code: 'unwell' });
    },
    { delayMs: 10_000_000, delayMaxMs: 10_000_000, signal: revoked.signal, onRetry: () => revoked.abort() },
  );
  await assert.rejects(failing, Retryable);
  assert.equal(tries, 1);
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
