// The loop: every stream of Millrace runs here. For each partition, in order:
//   1. on a new assignment, the delivery says what a predecessor left half done;
//   2. records are cut into chunks, bounded in records and bytes;
//   3. the stream's processor turns a chunk into outcomes;
//   4. the delivery makes the outcomes durable and commits.
// Retryable: the same step again, later, nothing committed. Fenced: drop what is in hand, the new owner does it.
// Anything else stops the stream loudly. Heartbeats go on beside the work.
import type { Chunk, Delivery } from '../connectors/delivery.ts';
import type { Batch, Log, StoredRecord, SubscribeOptions, Subscription } from '../connectors/log.ts';
import { Fenced, Retryable } from '../schemas/errors.ts';
import type { Outcome } from '../schemas/outcome.ts';
import { Breaker } from './breaker.ts';
import type { Budget } from './budget.ts';
import { type ChunkLimits, cutChunks, recordBytes } from './chunks.ts';
import { type RetryOptions, retry } from './retry.ts';

export interface Stream<Out> {
  readonly name: string;
  readonly subscribe: SubscribeOptions;
  readonly limits: ChunkLimits;
  /** Outcome i is what became of record i. */
  readonly process: (batch: Batch, records: readonly StoredRecord[]) => Promise<readonly Outcome<Out>[]>;
  readonly delivery: Delivery<Out>;
}

/** What the loop tells about itself, as it happens. */
export interface LoopObserver {
  chunkDone(
    stream: string,
    chunk: Chunk<unknown>,
    seconds: { readonly process: number; readonly deliver: number },
  ): void;
  retried(stream: string, error: Retryable, attempt: number, delayMs: number): void;
  assigned(stream: string, topic: string, partition: number): void;
}

export interface LoopOptions {
  readonly log: Log;
  readonly budget: Budget;
  readonly retryDelayMs: number;
  readonly retryDelayMaxMs: number;
  readonly invalidShareMax: number;
  readonly invalidWindowRecords: number;
  readonly observer: LoopObserver;
}

/** What the loop knows of one partition while this member owns it. */
interface Assigned {
  readonly generation: number;
  /** The next chunk must end exactly here, because a journal promised that range. */
  chunkEnd: number | undefined;
  /** Records of the promised range that have come so far. */
  held: StoredRecord[];
}

/** Starts a stream. `done` of the subscription rejects with what stopped it. */
export function run<Out>(stream: Stream<Out>, options: LoopOptions): Promise<Subscription> {
  const assigned = new Map<string, Assigned>();
  const breaker = new Breaker({
    shareMax: options.invalidShareMax,
    windowRecords: options.invalidWindowRecords,
  });
  const loop: Loop<Out> = { stream, options, assigned, breaker };
  return options.log.subscribe(stream.subscribe, (batch) => handleAlive(loop, batch));
}

interface Loop<Out> {
  readonly stream: Stream<Out>;
  readonly options: LoopOptions;
  readonly assigned: Map<string, Assigned>;
  readonly breaker: Breaker;
}

/** Handles a batch with heartbeats beside it; a partition that was lost meanwhile is nobody's error. */
async function handleAlive<Out>(loop: Loop<Out>, batch: Batch): Promise<void> {
  const beat = setInterval(() => {
    // A failed heartbeat shows in the next commit, where it decides something.
    batch.heartbeat().catch(() => {});
  }, loop.stream.subscribe.sessionTimeoutMs / 3);
  try {
    await handle(loop, batch);
  } catch (error) {
    const lost = error instanceof Fenced || (batch.revoked.aborted && error instanceof Retryable);
    if (!lost) throw error;
    loop.assigned.delete(keyOf(batch));
  } finally {
    clearInterval(beat);
  }
}

/** While one chunk is delivered, the next one is already processed: deliveries keep their order, processing has none. */
async function handle<Out>(loop: Loop<Out>, batch: Batch): Promise<void> {
  const partition = await assignment(loop, batch);
  let ahead: Promise<Processed<Out>> | null = null;
  try {
    for (const records of promisedFirst(partition, batch.records, loop.stream.limits)) {
      const next = processChunk(loop, batch, records);
      // Its failure is seen when its turn comes; until then it must only not be unhandled.
      next.catch(() => {});
      const ready: Promise<Processed<Out>> | null = ahead;
      ahead = next;
      if (ready) await deliverChunk(loop, batch, await ready);
    }
    const last = ahead;
    ahead = null;
    if (last) await deliverChunk(loop, batch, await last);
  } finally {
    // What was processed ahead of a failure is dropped, and gives its bytes back.
    ahead?.then(({ release }) => release()).catch(() => {});
  }
}

async function assignment<Out>(loop: Loop<Out>, batch: Batch): Promise<Assigned> {
  const known = loop.assigned.get(keyOf(batch));
  if (known?.generation === batch.generation) return known;
  const { chunkEnd } = await retry(() => loop.stream.delivery.resume(batch), retryOptions(loop, batch));
  const fresh: Assigned = { generation: batch.generation, chunkEnd, held: [] };
  loop.assigned.set(keyOf(batch), fresh);
  loop.options.observer.assigned(loop.stream.name, batch.topic, batch.partition);
  return fresh;
}

/** Chunks of the records; a range that a journal promised comes first, whole, once all of it is here. */
function* promisedFirst(
  partition: Assigned,
  records: readonly StoredRecord[],
  limits: ChunkLimits,
): Generator<readonly StoredRecord[], void, void> {
  let rest = records;
  const { chunkEnd } = partition;
  if (chunkEnd !== undefined) {
    const split = records.findIndex((record) => record.offset >= chunkEnd);
    partition.held.push(...(split < 0 ? records : records.slice(0, split)));
    rest = split < 0 ? [] : records.slice(split);
    const last = partition.held.at(-1);
    if (split < 0 && (!last || last.offset + 1 < chunkEnd)) return;
    if (partition.held.length > 0) yield partition.held;
    partition.chunkEnd = undefined;
    partition.held = [];
  }
  yield* cutChunks(rest, limits);
}

/** A chunk on its way from processing to delivery. */
interface Processed<Out> {
  readonly chunk: Chunk<Out>;
  readonly seconds: number;
  /** Gives the chunk’s bytes back to the budget. */
  readonly release: () => void;
}

async function processChunk<Out>(
  loop: Loop<Out>,
  batch: Batch,
  records: readonly StoredRecord[],
): Promise<Processed<Out>> {
  const { stream, options, breaker } = loop;
  const release = await options.budget.take(records.reduce((sum, record) => sum + recordBytes(record), 0));
  try {
    const started = performance.now();
    const outcomes = await retry(() => stream.process(batch, records), retryOptions(loop, batch));
    if (outcomes.length !== records.length)
      throw new Error(`${stream.name}: ${outcomes.length} outcomes for ${records.length} records`);
    breaker.observe(stream.name, outcomes);
    const chunk: Chunk<Out> = { batch, records, outcomes, end: records.at(-1)!.offset + 1 };
    return { chunk, seconds: (performance.now() - started) / 1_000, release };
  } catch (error) {
    release();
    throw error;
  }
}

async function deliverChunk<Out>(loop: Loop<Out>, batch: Batch, processed: Processed<Out>): Promise<void> {
  const { stream, options } = loop;
  const { chunk, seconds, release } = processed;
  try {
    if (batch.revoked.aborted) throw new Fenced(`${keyOf(batch)} is being taken away`);
    const started = performance.now();
    await retry(() => stream.delivery.deliver(chunk), retryOptions(loop, batch));
    const deliver = (performance.now() - started) / 1_000;
    options.observer.chunkDone(stream.name, chunk, { process: seconds, deliver });
  } finally {
    release();
  }
}

function retryOptions<Out>(loop: Loop<Out>, batch: Batch): RetryOptions {
  return {
    delayMs: loop.options.retryDelayMs,
    delayMaxMs: loop.options.retryDelayMaxMs,
    signal: batch.revoked,
    onRetry: (error, attempt, delayMs) =>
      loop.options.observer.retried(loop.stream.name, error, attempt, delayMs),
  };
}

const keyOf = (batch: Batch): string => `${batch.topic}/${batch.partition}`;
