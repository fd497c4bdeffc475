// What the tests of the loop share: streams over an embedded log whose deliveries write down what they were given.
import type { TestContext } from 'node:test';
import type { Chunk, Delivery } from '../../../connectors/delivery.ts';
import type { Batch, Log, StoredRecord } from '../../../connectors/log.ts';
import { type Outcome, ok } from '../../../schemas/outcome.ts';
import { Budget } from '../../../streams/loop/budget.ts';
import { type LoopOptions, run, type Stream } from '../../../streams/run.ts';
import { logs } from '../../connectors/embedded-log/subject.ts';
import { newName, subscribing, texts } from '../../contract/log/subject.ts';

/** What a stream’s delivery was given, in the order of its commits. */
export interface Delivered {
  readonly partition: number;
  readonly value: string;
  readonly kind: Outcome<string>['kind'];
}

export const textIn = (record: StoredRecord): string => String(record.value);

/** Gives every record back as it is. */
export const echo = async (
  _batch: Batch,
  records: readonly StoredRecord[],
): Promise<readonly Outcome<string>[]> => records.map((record) => ok(textIn(record)));

/** An embedded log with a topic of `partitions` partitions that holds `count` records `m-0` … */
export async function filledLog(t: TestContext, { partitions = 1, count = 0 } = {}) {
  const log = await logs(t).open();
  const topic = newName('loop');
  await log.createTopics([{ name: topic, partitions }]);
  if (count > 0) await log.publish([{ topic, records: texts('m', count, 31) }]);
  return { log, topic, group: newName('g') };
}

export interface Running {
  readonly log: Log;
  readonly topic: string;
  readonly group: string;
}

/** A delivery that commits and keeps what it was given; `before` runs first. */
export function keeping(
  delivered: Delivered[],
  before: (chunk: Chunk<string>) => Promise<void> = async () => {},
): Delivery<string> {
  return {
    resume: async () => ({}),
    async deliver(chunk) {
      await before(chunk);
      await chunk.batch.commit(chunk.end, '');
      for (const [index, record] of chunk.records.entries())
        delivered.push({
          partition: chunk.batch.partition,
          value: textIn(record),
          kind: chunk.outcomes[index]!.kind,
        });
    },
  };
}

/** Starts a stream with small limits; the session lasts 600 ms. */
export async function start(
  { log, topic, group }: Running,
  stream: Partial<Stream<string>>,
  options: Partial<LoopOptions> = {},
) {
  const budget = options.budget ?? new Budget(1_000_000);
  const subscription = await run<string>(
    {
      name: 'tested',
      subscribe: subscribing(group, topic, {
        concurrency: 8,
        sessionTimeoutMs: 600,
        fetchWaitMs: 0,
        partitionBytesMax: 100_000,
      }),
      limits: { recordsMax: 10, bytesMax: 100_000 },
      process: echo,
      delivery: keeping([]),
      ...stream,
    },
    {
      log,
      retryDelayMs: 1,
      retryDelayMaxMs: 20,
      invalidShareMax: 0.5,
      invalidWindowRecords: 1_000,
      observer: { chunkDone: () => {}, retried: () => {}, assigned: () => {} },
      ...options,
      budget,
    },
  );
  return { subscription, budget };
}

/** The group’s committed offsets by partition. */
export async function committedOf({ log, topic, group }: Running): Promise<readonly number[]> {
  const positions = await log.positions(group, [topic]);
  return [...positions].sort((a, b) => a.partition - b.partition).map(({ offset }) => offset);
}
