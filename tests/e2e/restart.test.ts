// Restarts repeat nothing: clean ones, and crashes between publishing outputs and committing their input.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch } from '../../connectors/log.ts';
import { TopicDelivery } from '../../connectors/topic-delivery.ts';
import { ok } from '../../schemas/outcome.ts';
import type { Stack } from '../../streams/stack.ts';
import { decodeThen } from '../../streams/stage.ts';
import { recordOf, scratchDirectory, startRunning } from './running.ts';

const countsOf = async (running: Awaited<ReturnType<typeof startRunning>>) => {
  const [row] = await running.stack.clickhouse.query<{ scores: number; ids: number; predictions: number }>(
    `SELECT toUInt32(count()) AS scores, toUInt32(uniqExact(messageId)) AS ids,
       (SELECT toUInt32(count()) FROM predictions) AS predictions FROM scores`,
  );
  return row!;
};

test('a second start on the same directory goes on where the first one stopped', async () => {
  const directory = scratchDirectory();
  try {
    for (let start = 1; start <= 3; start += 1) {
      const running = await startRunning(directory.path);
      const records = Array.from({ length: 40 }, (_, index) =>
        recordOf({ text: `comment ${start} ${index}` }, `${start}-${index}`),
      );
      await running.stack.log.publish([{ topic: 'comments', records }]);
      await running.settled();
      const total = 40 * start;
      assert.deepEqual(await countsOf(running), { scores: total, ids: total, predictions: total });
      await running.close();
    }
  } finally {
    directory.remove();
  }
});

/** A stream of one batch a partition, from comments to prompts, whose commits can be lost. */
class CrashingStream {
  readonly #stack: Stack;
  constructor(stack: Stack) {
    this.#stack = stack;
  }

  /** Handles what is there once; `crash` loses the commits that follow a publish. Resolves to how many were lost. */
  async handleOnce(crash: boolean): Promise<number> {
    const { log, wire } = this.#stack;
    const outputTopics = ['prompts', 'dead-letters'];
    const delivery = new TopicDelivery({ log, wire, stage: 'test', outputTopics, now: Date.now });
    const handled = new Set<number>();
    let lost = 0;
    const subscription = await log.subscribe(subscribe, async (batch) => {
      const losing = losingCommits(batch, crash, () => {
        lost += 1;
      });
      await delivery.resume(losing);
      const { records } = batch;
      const outcomes = await this.#copy(losing, records);
      await delivery.deliver({ batch: losing, records, outcomes, end: records.at(-1)!.offset + 1 });
      handled.add(batch.partition);
    });
    const filled = (await log.ranges(['comments'])).filter(({ end }) => end > 0);
    while (handled.size < filled.length) await sleep(5);
    await subscription.close();
    return lost;
  }

  readonly #copy = (batch: Batch, records: Batch['records']) =>
    decodeThen(
      this.#stack.wire,
      (message) => message,
      async (messages) =>
        messages.map((message) =>
          ok({ topic: 'prompts', message: { ...message, user: null, session: null } }),
        ),
    )(batch, records);
}

const subscribe = {
  topics: ['comments'],
  group: 'crashing',
  concurrency: 4,
  fetchWaitMs: 10,
  fetchBytesMin: 1,
  partitionBytesMax: 1_048_576,
  sessionTimeoutMs: 10_000,
};

/** The batch, with every commit past its first record lost when `crash`. */
function losingCommits(batch: Batch, crash: boolean, onLost: () => void): Batch {
  return {
    topic: batch.topic,
    partition: batch.partition,
    records: batch.records,
    generation: batch.generation,
    end: batch.end,
    revoked: batch.revoked,
    committed: () => batch.committed(),
    heartbeat: () => batch.heartbeat(),
    async commit(offset, metadata) {
      if (crash && offset > batch.records[0]!.offset) onLost();
      else await batch.commit(offset, metadata);
    },
  };
}

test('a crash between publish and commit publishes nothing twice after the restart', async () => {
  const directory = scratchDirectory();
  const running = await startRunning(directory.path, { MILLRACE_STREAMS: 'sinks', KAFKA_PARTITIONS: '4' });
  const { log } = running.stack;
  try {
    const inputs = Array.from({ length: 30 }, (_, index) =>
      recordOf({ id: `m${index}`, text: `text ${index}` }, `m${index}`),
    );
    await log.publish([{ topic: 'comments', records: inputs }]);
    const stream = new CrashingStream(running.stack);
    assert.equal(await stream.handleOnce(true), 4);
    assert.equal(await stream.handleOnce(true), 4);
    assert.equal(await stream.handleOnce(false), 0);
    const published = (await log.ranges(['prompts'])).reduce((sum, { end }) => sum + end, 0);
    assert.equal(published, inputs.length);
  } finally {
    await running.close();
    directory.remove();
  }
});
