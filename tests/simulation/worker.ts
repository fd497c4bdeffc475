// The streams of a worker: the production loop and deliveries, with a model that takes its time, over whatever log the
// world gives it.
import { ClickhouseDelivery } from '../../connectors/clickhouse/delivery.ts';
import { ServerClock } from '../../connectors/clickhouse/server-clock.ts';
import { TokenMemory } from '../../connectors/clickhouse/token-memory.ts';
import { DeadLetterBox } from '../../connectors/dead-letter-box.ts';
import type { Addressed } from '../../connectors/delivery.ts';
import type { Log, SubscribeOptions, Subscription } from '../../connectors/log.ts';
import { TopicDelivery } from '../../connectors/topic-delivery.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import type { Wire } from '../../connectors/wire/wire.ts';
import { Retryable } from '../../schemas/errors.ts';
import { invalid, ok } from '../../schemas/outcome.ts';
import { tableName } from '../../schemas/print/clickhouse.ts';
import type { Message } from '../../schemas/topic.ts';
import { Budget } from '../../streams/loop/budget.ts';
import { type LoopOptions, run, type Stream } from '../../streams/run.ts';
import { decodeThen } from '../../streams/stage.ts';
import type { RemoteClickhouse } from './clickhouse-server.ts';
import type { Actor } from './clock.ts';
import type { Holdings } from './ledger.ts';
import { type Input, inputs, outputOf, poison, sinkTopics } from './messages.ts';
import type { Surroundings } from './network.ts';
import type { Sabotage } from './sabotage.ts';
import { repairSimulatedView } from './view-repair.ts';

const sessionTimeoutMs = 6_000;
/** ClickHouse refuses an insert that is older. */
const deadlineMs = 4_000;

export interface WorkerParts {
  readonly world: Surroundings;
  readonly actor: Actor;
  readonly log: Log;
  readonly clickhouse: RemoteClickhouse;
  readonly wire: Wire;
  readonly skewMs: number;
  readonly concurrency: number;
  readonly holdings: Holdings;
  readonly sabotage: Sabotage;
}

/** What a worker runs; `stopped` is told what ended a stream. */
export interface Worker {
  readonly budget: Budget;
  readonly subscriptions: readonly Subscription[];
}

export async function startWorker(parts: WorkerParts): Promise<Worker> {
  const budget = new Budget(6_000);
  const options = loopOptions(parts, budget);
  const chain = await run(chainStream(parts), options);
  const sink = await run(sinkStream(parts), options);
  return { budget, subscriptions: [chain, sink] };
}

function loopOptions({ log, world: { tally }, sabotage }: WorkerParts, budget: Budget): LoopOptions {
  return {
    log: sabotage.log(log),
    budget,
    retryDelayMs: 50,
    retryDelayMaxMs: 1_000,
    // Whether the breaker trips is not what is asked here.
    invalidShareMax: 1,
    invalidWindowRecords: 1_000,
    observer: {
      chunkDone: () => tally.add('chunks delivered'),
      retried: (_, { code }) => tally.add(`retried: ${code}`),
      assigned: () => tally.add('partitions assigned'),
    },
  };
}

function subscription(group: string, topics: readonly string[], parts: WorkerParts): SubscribeOptions {
  const fetch = { fetchWaitMs: 20, fetchBytesMin: 2_000, partitionBytesMax: 4_000 };
  return { group, topics, concurrency: parts.concurrency, sessionTimeoutMs, ...fetch };
}

function chainStream(parts: WorkerParts): Stream<Addressed> {
  const { log, wire, sabotage } = parts;
  const now = nowOf(parts);
  const delivery = new TopicDelivery({
    log: sabotage.log(log),
    wire,
    stage: 'chain',
    outputTopics: ['outputs', 'dead-letters'],
    now,
  });
  return {
    name: 'chain',
    subscribe: subscription('chain', [inputs.name], parts),
    limits: { recordsMax: 5, bytesMax: 4_000 },
    process: modelOf(parts),
    delivery: parts.holdings.noting('chain', sabotage.delivery('chain', delivery)),
  };
}

/** Refuses what is poison, answers the rest; slow at times, and failing. */
function modelOf({ world, actor, wire }: WorkerParts): Stream<Addressed>['process'] {
  const { clock, random, tally, climate } = world;
  return async (batch, records) => {
    const slow = random.chance(climate().slowModel);
    if (slow) tally.add('model slow');
    await clock.sleep(actor, slow ? random.between(500, 9_000) : random.skewed(0.5, 60));
    if (random.chance(climate().failingModel)) {
      tally.add('model failed');
      throw new Retryable('the model is busy', { code: 'model-busy' });
    }
    return records.map((record) => {
      const message = wire.decode(batch.topic, batch.partition, record);
      if (message instanceof Refusal) return invalid(message.code, message.reason);
      if (message.text === poison) return invalid('no-text', 'the model refuses it');
      const output = outputOf(message as Input, batch.partition, record.offset);
      return ok({ topic: 'outputs', message: output });
    });
  };
}

function sinkStream(parts: WorkerParts): Stream<Message> {
  const { wire } = parts;
  return {
    name: 'sink',
    subscribe: subscription(
      'sink',
      sinkTopics.map(({ name }) => name),
      parts,
    ),
    limits: { recordsMax: 7, bytesMax: 4_000 },
    process: decodeThen(
      wire,
      (message) => message,
      async (messages) => messages.map((message) => ok(message)),
    ),
    delivery: parts.holdings.noting('sink', parts.sabotage.delivery('sink', sinkDelivery(parts))),
  };
}

/** The delivery with all that belongs to it, as streams/sink-delivery.ts puts it together. */
function sinkDelivery(parts: WorkerParts): ClickhouseDelivery {
  const { world, actor, wire, sabotage } = parts;
  const { clock, tally } = world;
  const log = sabotage.log(parts.log);
  const clickhouse = sabotage.clickhouse(parts.clickhouse);
  const monotonicMs = (): number => clock.now;
  const now = nowOf(parts);
  return new ClickhouseDelivery({
    clickhouse,
    topics: sinkTopics,
    clock: new ServerClock({ clickhouse, now, monotonicMs, onMeasured: () => {} }),
    deadlineMs,
    memory: new TokenMemory({
      clickhouse,
      tables: sinkTopics.map(tableName),
      monotonicMs,
      onMeasured: () => {},
    }),
    repairViews: (range, stillOurs) =>
      repairSimulatedView(world, actor, parts.clickhouse, range, deadlineMs, stillOurs),
    letters: new DeadLetterBox({ log, wire, stage: 'sink', othersTopics: [], now }),
    async logStart(topic, partition) {
      const ranges = await log.ranges([topic]);
      return ranges.find((range) => range.partition === partition)?.start ?? 0;
    },
    observer: {
      inserted: (_, rows) => tally.add('rows inserted', rows),
      repeated: (_, __, found) => tally.add(`range repeated: ${found}`),
      stopped: (topic, partition, error) => {
        if (error) world.clock.caught(new Error(`${topic}/${partition} stopped: ${error.message}`));
      },
    },
  });
}

const nowOf =
  ({ world: { clock }, skewMs }: WorkerParts) =>
  (): number =>
    Math.floor(clock.now + skewMs);
