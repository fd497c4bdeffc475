// The loop: every stream of Millrace runs here. For each partition, in order:
//   1. on a new assignment, the delivery says what a predecessor left half done;
//   2. records are cut into chunks, bounded in records and bytes;
//   3. the stream's processor turns a chunk into outcomes; a message that it throws over is found and is `invalid`;
//   4. the delivery makes the outcomes durable and commits.
// Retryable: the same step again, later, nothing committed. Fenced: drop what is in hand, the new owner does it.
// Anything else stops the stream loudly. Heartbeats go on beside the work, and a partition that is taken away is
// given up in bounded time, whatever its work does (streams/loop/handling.ts). With `watch`, a stream that has lag and
// makes no progress gets a new client (streams/loop/watchdog.ts).
import type { Chunk, Delivery } from '../connectors/delivery.ts';
import type { Batch, Log, StoredRecord, SubscribeOptions, Subscription } from '../connectors/log.ts';
import type { Retryable } from '../schemas/errors.ts';
import type { Outcome } from '../schemas/outcome.ts';
import { Breaker } from './loop/breaker.ts';
import type { Budget } from './loop/budget.ts';
import { type ChunkLimits, cutChunks, recordBytes } from './loop/chunks.ts';
import { Handling } from './loop/handling.ts';
import { processEach } from './loop/isolation.ts';
import { Progress } from './loop/progress.ts';
import { retry } from './loop/retry.ts';
import { type WatchOptions, watched } from './loop/watchdog.ts';

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
  /** A record over which the processor throws was found; it becomes a dead letter. */
  isolated?(stream: string, batch: Batch, record: StoredRecord, error: unknown): void;
  /** A partition was taken away and its work did not end in time; whatever it does now is void. */
  abandoned?(stream: string, topic: string, partition: number): void;
}

export interface LoopOptions {
  readonly log: Log;
  readonly budget: Budget;
  readonly retryDelayMs: number;
  readonly retryDelayMaxMs: number;
  readonly invalidShareMax: number;
  readonly invalidWindowRecords: number;
  readonly observer: LoopObserver;
  /** Without it nobody watches whether the stream makes progress. */
  readonly watch?: WatchOptions;
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
  const breaker = new Breaker({
    shareMax: options.invalidShareMax,
    windowRecords: options.invalidWindowRecords,
  });
  const progress = new Progress();
  const loop: Loop<Out> = { stream, options, assigned: new Map(), breaker, progress };
  const open = () => options.log.subscribe(stream.subscribe, (batch) => handleAlive(loop, batch));
  if (!options.watch) return open();
  return watched({ ...stream, log: options.log, progress, open }, options.watch);
}

interface Loop<Out> {
  readonly stream: Stream<Out>;
  readonly options: LoopOptions;
  readonly assigned: Map<string, Assigned>;
  readonly breaker: Breaker;
  readonly progress: Progress;
}

/** Handles a batch with heartbeats beside it; a partition that was lost meanwhile is nobody's error. */
async function handleAlive<Out>(loop: Loop<Out>, batch: Batch): Promise<void> {
  const { stream, options, assigned } = loop;
  const doings = loop.progress.of(batch);
  const handling = new Handling(batch, {
    sessionTimeoutMs: stream.subscribe.sessionTimeoutMs,
    abandoned: () => options.observer.abandoned?.(stream.name, batch.topic, batch.partition),
  });
  doings.running += 1;
  try {
    await handling.alive(handle(loop, handling));
  } catch (error) {
    if (!(await handling.isLost(error))) throw error;
    if (assigned.get(keyOf(batch))?.generation === batch.generation) assigned.delete(keyOf(batch));
  } finally {
    handling.end();
    doings.running -= 1;
  }
}

/** While one chunk is delivered, the next one is already processed: deliveries keep their order, processing has none. */
async function handle<Out>(loop: Loop<Out>, handling: Handling): Promise<void> {
  const { batch } = handling;
  const partition = await assignment(loop, handling);
  let ahead: Promise<Processed<Out>> | null = null;
  for (const records of promisedFirst(partition, batch.records, loop.stream.limits)) {
    const next = processChunk(loop, handling, records);
    // Its failure is seen when its turn comes; until then it must only not be unhandled.
    next.catch(() => {});
    const ready: Promise<Processed<Out>> | null = ahead;
    ahead = next;
    if (ready) await deliverChunk(loop, handling, await ready);
  }
  if (ahead) await deliverChunk(loop, handling, await ahead);
}

async function assignment<Out>(loop: Loop<Out>, handling: Handling): Promise<Assigned> {
  const { batch } = handling;
  const known = loop.assigned.get(keyOf(batch));
  if (known?.generation === batch.generation) return known;
  const { chunkEnd } = await again(loop, handling, () => loop.stream.delivery.resume(batch));
  handling.mustGoOn();
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
  handling: Handling,
  records: readonly StoredRecord[],
): Promise<Processed<Out>> {
  const { stream, options, breaker } = loop;
  const { batch } = handling;
  const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
  // What is not delivered gives its bytes back when the handling of its batch ends.
  const release = handling.keep(await options.budget.take(bytes, `${stream.name} ${keyOf(batch)}`));
  const started = performance.now();
  const outcomes = await processEach(records, {
    process: (part) => again(loop, handling, () => processPart(stream, batch, part)),
    shareMax: options.invalidShareMax,
    found: (record, error) => options.observer.isolated?.(stream.name, batch, record, error),
  });
  const { topic, partition } = batch;
  breaker.observe(stream.name, outcomes, { topic, partition, offset: records[0]!.offset });
  const chunk: Chunk<Out> = { batch, records, outcomes, end: records.at(-1)!.offset + 1 };
  return { chunk, seconds: (performance.now() - started) / 1_000, release };
}

async function processPart<Out>(
  { name, process }: Stream<Out>,
  batch: Batch,
  records: readonly StoredRecord[],
): Promise<readonly Outcome<Out>[]> {
  const outcomes = await process(batch, records);
  if (outcomes.length === records.length) return outcomes;
  throw new Error(`${name}: ${outcomes.length} outcomes for ${records.length} records`);
}

async function deliverChunk<Out>(
  loop: Loop<Out>,
  handling: Handling,
  processed: Processed<Out>,
): Promise<void> {
  const { stream, options, breaker, progress } = loop;
  const { chunk, seconds, release } = processed;
  handling.mustGoOn();
  breaker.check();
  const started = performance.now();
  await again(loop, handling, () => stream.delivery.deliver(chunk));
  release();
  progress.of(chunk.batch).done += 1;
  const deliver = (performance.now() - started) / 1_000;
  options.observer.chunkDone(stream.name, chunk, { process: seconds, deliver });
}

/** Does a step until it works, or until the partition is taken away: from then on no step begins. */
async function again<Out, T>(loop: Loop<Out>, handling: Handling, step: () => Promise<T>): Promise<T> {
  const { stream, options } = loop;
  const { batch } = handling;
  const doings = loop.progress.of(batch);
  handling.mustGoOn();
  try {
    return await retry(step, {
      delayMs: options.retryDelayMs,
      delayMaxMs: options.retryDelayMaxMs,
      signal: batch.revoked,
      onRetry(error, attempt, delayMs) {
        doings.failed(step, error);
        options.observer.retried(stream.name, error, attempt, delayMs);
      },
    });
  } finally {
    doings.over(step);
  }
}

const keyOf = (batch: Batch): string => `${batch.topic}/${batch.partition}`;
