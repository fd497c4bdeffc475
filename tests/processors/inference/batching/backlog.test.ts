// What waits and what goes next: requests before streams, never only requests, streams in short batches while requests
// are about, light models where their data is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backlog } from '../../../../processors/inference/batching/backlog.ts';
import { RunCosts } from '../../../../processors/inference/batching/run-costs.ts';
import type { Priority } from '../../../../processors/inference/batching/run-ledger.ts';
import { Call } from '../../../../processors/inference/call.ts';
import { Overloaded } from '../../../../schemas/errors.ts';

const limits = {
  textsPerRunMax: 256,
  charactersPerRunMax: 100_000,
  queueTextsMax: 1_000,
  queueCharactersMax: 1_000_000,
};

/** A backlog over one text task and one token model that takes 0.1 ms a token; the clock stands where it is put. */
function backlogOf(msPerToken = 0.1) {
  const clock = { ms: 10_000 };
  const costs = new RunCosts(2);
  costs.seed(
    'encoder',
    [8, 64, 1_024].map((units) => ({ units, ms: 0.1 + msPerToken * units })),
  );
  const targets = new Map([['encoder', { task: 'encoder', padId: 0, labels: 1 }]]);
  const backlog = new Backlog(limits, targets, costs, () => clock.ms);
  let ticket = 0;
  return {
    clock,
    costs,
    backlog,
    addTexts(priority: Priority, count: number, dueAt = Number.POSITIVE_INFINITY) {
      const texts = Array.from({ length: count }, () => 'a text of some length');
      backlog.admit(priority, count, count * 21);
      const call = new Call(['sentiment'], count, [new Float32Array(count)]);
      backlog.addTexts(priority, { tasks: ['sentiment'], texts, from: 0, call, ticket: ticket++, dueAt });
      return call;
    },
    addTokens(priority: Priority, count: number, length: number) {
      const ends = Int32Array.from({ length: count }, (_, row) => (row + 1) * length);
      backlog.admit(priority, count, count * length);
      const call = new Call(['encoder'], count, [new Float32Array(count)]);
      const rows = { ids: new Int32Array(count * length), ends };
      backlog.addTokens(priority, 'encoder', {
        rows,
        call,
        from: 0,
        ticket: ticket++,
        dueAt: Number.POSITIVE_INFINITY,
      });
      return call;
    },
  };
}

test('requests go first, and after eight batches of them one of a stream', () => {
  const { backlog, addTexts } = backlogOf();
  addTexts('stream', 600);
  for (let request = 0; request < 20; request++) addTexts('request', 40);
  const order: Priority[] = [];
  for (let next = backlog.next('thread', 1); next; next = backlog.next('thread', 1))
    order.push(next.priority);
  assert.equal(order[0], 'request');
  assert.equal(backlog.texts('request') + backlog.texts('stream'), 0);
  const { backlog: busy, addTokens } = backlogOf();
  addTokens('stream', 400, 50);
  addTokens('request', 900, 100);
  const turns: Priority[] = [];
  for (let batch = 0; batch < 20; batch++) turns.push(busy.next('thread', 1)!.priority);
  assert.deepEqual(
    turns.flatMap((priority, at) => (priority === 'stream' ? [at] : [])),
    [8, 17],
  );
});

test('what waits longest goes first, whichever model it is for', () => {
  const { backlog, addTexts, addTokens } = backlogOf();
  addTokens('stream', 2, 30);
  addTexts('stream', 3);
  addTokens('stream', 5, 30);
  const sizes = Array.from({ length: 2 }, () => backlog.next('thread', 1)!.job.size);
  assert.deepEqual(
    sizes.map(({ key, texts }) => [key, texts]),
    [
      ['encoder', 7],
      ['sentiment', 3],
    ],
  );
});

test('batches of a stream take at most 20 ms while requests are about, and are full when none is', () => {
  const { backlog, addTokens, addTexts, clock } = backlogOf();
  addTokens('stream', 900, 20);
  assert.equal(backlog.next('thread', 1)!.job.size.units, 1_020);
  addTexts('request', 1);
  assert.equal(backlog.next('thread', 1)!.priority, 'request');
  const short = backlog.next('thread', 1)!.job.size;
  assert.ok(short.units > 100 && short.units * 0.1 <= 20, `${short.units} tokens`);
  clock.ms += 5_000;
  assert.equal(backlog.next('thread', 1)!.job.size.units, 1_020);
});

test('a text batch ends where its deadline would be missed, by what was learned', () => {
  const { backlog, costs, addTexts, clock } = backlogOf();
  for (let run = 0; run < 50; run++)
    costs.observe('sentiment', { units: 1_000 + 10 * run, ms: (1_000 + 10 * run) / 100 });
  addTexts('request', 200, clock.ms + 10);
  const { texts, units } = backlog.next('thread', 1)!.job.size;
  assert.ok(texts > 20 && units <= 1_000, `${texts} texts`);
  assert.equal(backlog.texts('request'), 200 - texts);
});

test('idle threads share what waits', () => {
  const { backlog, addTexts, addTokens } = backlogOf();
  addTexts('stream', 200);
  assert.equal(backlog.next('thread', 2)!.job.size.texts, 100);
  addTokens('stream', 40, 20);
  backlog.next('thread', 1);
  assert.equal(backlog.next('thread', 2)!.job.size.texts, 20);
});

test('a light model’s batches are for the calling thread, until it is measured to be slow', () => {
  const { backlog, costs, addTokens } = backlogOf(0.00005);
  assert.ok(costs.isLight('encoder'));
  costs.loadedHere('encoder');
  addTokens('stream', 400, 50);
  assert.equal(backlog.next('thread', 1), null);
  const { units } = backlog.next('inline', 1)!.job.size;
  assert.ok(units > 16_000 && units <= 16_384, `${units} tokens`);
  for (let run = 0; run < 200; run++) costs.observe('encoder', { units: 1_000 + run, ms: 10 });
  assert.equal(backlog.next('inline', 1), null);
  assert.ok(backlog.next('thread', 1));
});

test('a full queue of a stream shuts no request out', () => {
  const { backlog, addTexts } = backlogOf();
  addTexts('stream', 900);
  assert.throws(() => addTexts('stream', 200), Overloaded);
  addTexts('request', 200);
  assert.equal(backlog.next('thread', 1)!.priority, 'request');
});

test('whoever waits is told when nobody will answer, and the room is free again', async () => {
  const { backlog, addTexts, addTokens } = backlogOf();
  const calls = [addTexts('stream', 10), addTokens('request', 10, 5), addTexts('request', 3)];
  const told = calls.map(({ answered }) => assert.rejects(answered, /it is over/));
  backlog.rejectAll(new Error('it is over'));
  await Promise.all(told);
  assert.equal(backlog.texts('stream') + backlog.texts('request'), 0);
  assert.equal(backlog.next('thread', 1), null);
});
