// The sink's pace: a partition whose batch is through rests until its next beat, and is resumed whatever
// happens; a backlog does not rest.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Delivery } from '../../connectors/delivery.ts';
import { openEmbeddedLog } from '../../connectors/embedded-log/embedded-log.ts';
import type { Log, LogRecord, SubscribeOptions } from '../../connectors/log.ts';
import { ok } from '../../schemas/outcome.ts';
import { Budget } from '../../streams/loop/budget.ts';
import type { LoopOptions, Stream } from '../../streams/run.ts';
import { Pace } from '../../streams/sink-pace.ts';

const subscribe: SubscribeOptions = {
  group: 'sink',
  topics: ['fast', 'slow'],
  concurrency: 4,
  fetchWaitMs: 1,
  fetchBytesMin: 1,
  partitionBytesMax: 1_000_000,
  sessionTimeoutMs: 10_000,
};

const recordOf = (text: string): LogRecord => ({
  key: Buffer.from(text),
  value: Buffer.from(text),
  headers: {},
  timestamp: 0,
});

/** What was asked of the pace's timers, to be run when the test says so. */
interface Rest {
  readonly delayMs: number;
  readonly end: () => void;
}

class Paced {
  readonly delivered: string[] = [];
  readonly rests: Rest[] = [];
  readonly log: Log;
  #fails = 0;

  constructor(log: Log) {
    this.log = log;
  }

  /** Starts a stream whose clock stands at `nowMs`. */
  start(nowMs: number, bytesMin: number) {
    const pace = new Pace({
      topics: ['fast', 'slow'],
      periodMs: (topic) => (topic === 'fast' ? 100 : 1_000),
      bytesMin,
      monotonicMs: () => nowMs,
      after: (delayMs, end) => this.rests.push({ delayMs, end }),
    });
    return pace.run(this.#stream(), this.#options());
  }

  /** The next delivery ends the stream. */
  failOnce(): void {
    this.#fails += 1;
  }

  async publish(topic: string, ...texts: string[]): Promise<void> {
    await this.log.publish([{ topic, records: texts.map(recordOf) }]);
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    for (let look = 0; look < 6_000; look += 1) {
      if (isSo()) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.fail(`never came: ${what}; delivered ${this.delivered.join(' | ')}`);
  }

  #stream(): Stream<string> {
    const delivery: Delivery<string> = {
      resume: async () => ({}),
      deliver: async ({ batch, records, end }) => {
        if (this.#fails > 0) throw new Error('the delivery fails');
        this.delivered.push(`${batch.topic}: ${records.map(({ value }) => value).join(' ')}`);
        await batch.commit(end, '');
      },
    };
    return {
      name: 'paced',
      subscribe,
      limits: { recordsMax: 2, bytesMax: 1_000_000 },
      process: async (_, records) => records.map(({ value }) => ok(String(value))),
      delivery,
    };
  }

  #options(): LoopOptions {
    return {
      log: this.log,
      budget: new Budget(1_000_000),
      retryDelayMs: 1,
      retryDelayMaxMs: 1,
      invalidShareMax: 1,
      invalidWindowRecords: 10,
      observer: { chunkDone: () => {}, retried: () => {}, assigned: () => {} },
    };
  }
}

async function withLog(use: (paced: Paced) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-pace-'));
  const log = await openEmbeddedLog({ directory });
  try {
    await log.createTopics([
      { name: 'fast', partitions: 1 },
      { name: 'slow', partitions: 2 },
    ]);
    await use(new Paced(log));
  } finally {
    await log.close();
    await rm(directory, { recursive: true, force: true });
  }
}

describe('the pace of the sink', { timeout: 120_000 }, () => {
  it('stores the first record at once and what comes until the next beat together', () =>
    withLog(async (paced) => {
      const subscription = await paced.start(0, 1_000_000);
      await paced.publish('fast', 'a');
      await paced.until('a rest', () => paced.rests.length === 1);
      await paced.publish('fast', 'b');
      await paced.publish('fast', 'c');
      await paced.publish('slow', 'x');
      // The other topic goes on: when it is through, a record of this one would have come as well.
      await paced.until('the rest of the other', () => paced.rests.length === 2);
      assert.deepEqual(paced.delivered, ['fast: a', 'slow: x']);
      paced.rests[0]!.end();
      await paced.until('the rest after the beat', () => paced.rests.length === 3);
      assert.deepEqual(paced.delivered, ['fast: a', 'slow: x', 'fast: b c']);
      await subscription.close();
    }));

  it('has beats that are spread over topics and partitions', () =>
    withLog(async (paced) => {
      const subscription = await paced.start(1_030, 1_000_000);
      await paced.publish('fast', 'a');
      await paced.publish('slow', ...'abcdefghijkl');
      await paced.until('a rest of every partition', () => paced.rests.length === 3);
      // Those of the first topic fall on whole periods, of the second half a period away, of its second partition again.
      assert.deepEqual(
        paced.rests.map(({ delayMs }) => Math.round(delayMs)).sort((a, b) => a - b),
        [70, 470, 852],
      );
      await subscription.close();
    }));

  it('rests after the last chunk of a batch only, and never after a backlog', () =>
    withLog(async (paced) => {
      await paced.publish('fast', 'a', 'b', 'c');
      const subscription = await paced.start(0, 1_000);
      await paced.until('a rest', () => paced.rests.length === 1);
      assert.deepEqual(paced.delivered, ['fast: a b', 'fast: c']);
      paced.rests[0]!.end();
      await paced.publish('fast', 'd'.repeat(2_000));
      await paced.until('the backlog', () => paced.delivered.length === 3);
      await paced.publish('fast', 'e');
      await paced.until('what follows it', () => paced.rests.length === 2);
      assert.deepEqual(paced.delivered.at(-1), 'fast: e');
      await subscription.close();
    }));

  it('lets a stream end while partitions rest, and a rest end after the stream', () =>
    withLog(async (paced) => {
      const subscription = await paced.start(0, 1_000_000);
      await paced.publish('fast', 'a');
      await paced.until('a rest', () => paced.rests.length === 1);
      paced.failOnce();
      await paced.publish('slow', 'x');
      await assert.rejects(subscription.done, /the delivery fails/);
      paced.rests[0]!.end();
      await subscription.close();
      assert.deepEqual(paced.delivered, ['fast: a']);
      const [committed] = await paced.log.positions('sink', ['fast']);
      assert.equal(committed!.offset, 1);
    }));
});
