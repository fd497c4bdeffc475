// Results on their way to the topics while the log is well, unwell and gone.
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { pino } from 'pino';
import type { Addressed } from '../../../connectors/delivery.ts';
import type { Log } from '../../../connectors/log.ts';
import { Retryable } from '../../../schemas/errors.ts';
import { Outbox } from '../../../streams/requests/outbox.ts';
import { openSubject, scoreOf } from '../../connectors/http/subject.ts';

const results = (count: number): readonly Addressed[] =>
  Array.from({ length: count }, (_, index) => ({ topic: 'scores', message: scoreOf(`s${index}`) }));

/** An outbox over a real log that can be made to fail. */
async function openOutbox(t: TestContext, messagesMax: number) {
  const { log, wire, metrics } = await openSubject(t);
  let failure: Error | null = null;
  let attempts = 0;
  const gated: Log = Object.assign(Object.create(log), {
    publish: (...batches: Parameters<Log['publish']>) => {
      attempts += 1;
      return failure ? Promise.reject(failure) : log.publish(...batches);
    },
  });
  const outbox = new Outbox(
    { log: gated, wire, metrics, logger: pino({ level: 'silent' }), now: () => 1 },
    { messagesMax },
  );
  return {
    outbox,
    fail: (error: Error | null) => {
      failure = error;
    },
    attempts: () => attempts,
    stored: async () => (await log.ranges(['scores'])).reduce((sum, { start, end }) => sum + end - start, 0),
    outcome: async (name: string) =>
      Number(
        new RegExp(`millrace_http_results_total\\{outcome="${name}"\\} (\\d+)`).exec(
          await metrics.print(),
        )?.[1] ?? 0,
      ),
  };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

it('publishes what comes, together, and all of it before it is closed', async (t) => {
  const { outbox, attempts, stored, outcome } = await openOutbox(t, 10_000);
  for (let index = 0; index < 100; index += 1) outbox.add(results(2));
  await outbox.close(60_000);
  assert.equal(await stored(), 200);
  assert.equal(attempts(), 1);
  assert.equal(await outcome('published'), 200);
});

it('waits for a log that is down, refuses what has no room, and loses nothing', async (t) => {
  const { outbox, fail, attempts, stored } = await openOutbox(t, 100);
  fail(new Retryable('down', { code: 'down' }));
  outbox.assertRoom(100);
  outbox.add(results(60));
  while (attempts() === 0) await turn();
  outbox.add(results(40));
  assert.throws(() => outbox.assertRoom(1), { name: 'Overloaded', code: 'results-waiting' });
  fail(null);
  while ((await stored()) < 100) await turn();
  for (let room = false; !room; await turn())
    try {
      outbox.assertRoom(100);
      room = true;
    } catch {}
  await outbox.close(60_000);
  assert.equal(await stored(), 100);
});

it('gives up at the end of its time, and says how much', async (t) => {
  const { outbox, fail, attempts, stored, outcome } = await openOutbox(t, 100);
  fail(new Retryable('down', { code: 'down' }));
  outbox.add(results(7));
  while (attempts() === 0) await turn();
  outbox.add(results(3));
  await outbox.close(50);
  assert.equal(await outcome('lost'), 10);
  assert.equal(await stored(), 0);
});

it('counts as lost what no log would ever take, and goes on', async (t) => {
  const { outbox, fail, outcome, stored } = await openOutbox(t, 100);
  fail(new TypeError('a bug'));
  outbox.add(results(4));
  while ((await outcome('lost')) === 0) await turn();
  fail(null);
  outbox.add(results(5));
  await outbox.close(60_000);
  assert.deepEqual([await outcome('lost'), await stored()], [4, 5]);
});
